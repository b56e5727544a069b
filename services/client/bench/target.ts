import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { freePort, startProgram, temporaryDirectory, until } from '@galileo/testkit';
import { pinned } from './pinned.ts';

const configuration = (directory: string, port: number) => `
worker_processes 1;
daemon off;
pid ${directory}/nginx.pid;
error_log ${directory}/error.log crit;
events { worker_connections 20000; }
http {
  access_log off;
  keepalive_requests 1000000000;
  keepalive_timeout 75s;
  default_type text/plain;
  client_body_temp_path ${directory}/body;
  proxy_temp_path ${directory}/proxy;
  fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi;
  scgi_temp_path ${directory}/scgi;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / { return 200 "${'x'.repeat(200)}"; }
  }
}
`;

function isListening(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1');
    const tell = (is: boolean) => {
      socket.destroy();
      resolve(is);
    };
    socket.once('connect', () => tell(true)).once('error', () => tell(false));
  });
}

/** An nginx on core 0 that answers everything with 200 bytes. */
export async function startTarget(): Promise<AsyncDisposable & { readonly host: string }> {
  await using stack = new AsyncDisposableStack();
  const { path } = stack.use(await temporaryDirectory());
  const port = await freePort();
  const file = join(path, 'nginx.conf');
  await writeFile(file, configuration(path, port));
  stack.use(await startProgram(pinned(0, ['nginx', '-c', file])));
  await until('nginx to listen', () => isListening(port));
  const owned = stack.move();
  return { host: `127.0.0.1:${port}`, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
