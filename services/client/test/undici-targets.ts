import { readFile } from 'node:fs/promises';
import { createServer as createHttpServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { createSecureServer } from 'node:http2';
import { createServer as createHttpsServer, type ServerOptions } from 'node:https';
import { type AddressInfo, connect, type Server as NetServer, type Socket } from 'node:net';
import type { KeyPair } from '@galileo/testkit';

export interface Target extends AsyncDisposable {
  /** HOST:PORT. */
  readonly address: string;
  /** Connections that are open. */
  readonly sockets: ReadonlySet<Socket>;
  /** Connections that there were. */
  readonly opened: number;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** Has a server listen on a free port; its connections end with it. */
export async function listening(server: NetServer): Promise<Target> {
  const sockets = new Set<Socket>();
  let opened = 0;
  server.on('connection', (socket: Socket) => {
    opened += 1;
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    sockets,
    get opened() {
      return opened;
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise(resolve => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

const pem = async ({ cert, key }: KeyPair) => ({ cert: await readFile(cert, 'utf8'), key: await readFile(key, 'utf8') });

export const startHttp = (handler: Handler) => listening(createHttpServer(handler));

export async function startHttps(pair: KeyPair, handler: Handler, options: ServerOptions = {}): Promise<Target> {
  return listening(createHttpsServer({ ...(await pem(pair)), ...options }, handler).on('tlsClientError', () => {}));
}

/** A server of HTTP/2 alone, over TLS. */
export async function startHttp2(pair: KeyPair, handler: Handler): Promise<Target> {
  const server = createSecureServer({ ...(await pem(pair)), allowHTTP1: false });
  server.on('request', handler as never).on('sessionError', () => {});
  return listening(server as unknown as NetServer);
}

export interface TestProxy extends Target {
  /** What it was asked for: `GET http://…` or `CONNECT HOST:PORT`, with the credentials that came along. */
  readonly asked: readonly (readonly [what: string, authorization: string | undefined])[];
}

/** A proxy that forwards requests and tunnels connections; with a status it refuses tunnels. */
export async function startProxy(refusal?: number): Promise<TestProxy> {
  const asked: [string, string | undefined][] = [];
  const server: Server = createHttpServer((incoming, response) => {
    asked.push([`${incoming.method} ${incoming.url}`, incoming.headers['proxy-authorization']]);
    const { 'proxy-authorization': _, ...headers } = incoming.headers;
    const onward = request(incoming.url!, { method: incoming.method!, headers, agent: false }, answer => {
      response.writeHead(answer.statusCode!, answer.rawHeaders);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    incoming.pipe(onward);
  });
  server.on('connect', (incoming, socket: Socket) => {
    asked.push([`CONNECT ${incoming.url}`, incoming.headers['proxy-authorization']]);
    if (refusal !== undefined) {
      socket.end(`HTTP/1.1 ${refusal} No\r\n\r\n`);
      return;
    }
    const [host, port] = incoming.url!.split(':') as [string, string];
    const onward = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    onward.on('error', () => socket.destroy());
    socket.on('close', () => onward.destroy());
  });
  return Object.assign(await listening(server), { asked });
}
