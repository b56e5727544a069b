import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import type { Redis } from 'ioredis';
import type { Exit, Program } from './program.ts';
import { type ServerTls, startServer } from './server.ts';
import { programDirectory } from './watchdog.ts';

export interface RedisOptions {
  /** Password of the user `default`; none by default. */
  readonly password?: string;
  readonly tls?: ServerTls;
  /** More lines of redis.conf. */
  readonly config?: readonly string[];
  /** Default: a free one. */
  readonly port?: number;
  /** Where it keeps its data; default: a directory of its own. */
  readonly directory?: string;
}

/** A redis-server that keeps nothing on disk. Disposing it kills it. */
export interface RedisServer extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** HOST:PORT. */
  readonly address: string;
  /** Of the process that runs now, or of the one that ran last. */
  readonly pid: number;
  readonly password: string | undefined;
  /** What it has printed since its last start. */
  output(): string;
  /** Sends a signal (default SIGKILL) and waits for its end. */
  kill(signal?: NodeJS.Signals): Promise<Exit>;
  /** Ends it in order (SIGTERM). */
  stop(): Promise<Exit>;
  /** Starts it again on the same port, empty; kills it before if it runs. */
  restart(): Promise<void>;
  /** SIGSTOP: connections stay open, nothing is answered. */
  pause(): void;
  resume(): void;
  /** A new client, which is disconnected when the server is disposed. */
  client(): Redis;
}

/** Starts a redis-server on 127.0.0.1. @throws Error with its output if it does not start. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const { Redis } = await import('ioredis');
  await using resources = new AsyncDisposableStack();
  const own = programDirectory();
  resources.defer(own.remove);
  const { password, tls } = options;
  const file = join(own.path, 'redis.conf');
  const start = (wanted: number | undefined) =>
    startServer({
      command(port) {
        writeConfig(file, [...configuration(port, options.directory ?? own.path, password, tls), ...(options.config ?? [])]);
        return ['redis-server', file];
      },
      port: wanted,
      listening: /Ready to accept connections/,
      answers: port => answersPing(port, tls),
    });
  const first = await start(options.port);
  const { port } = first;
  let program: Program = first.program;
  const clients: Redis[] = [];
  resources.defer(() => program[Symbol.asyncDispose]());
  resources.defer(() => {
    for (const client of clients) client.disconnect();
  });
  const owned = resources.move();

  return {
    host: '127.0.0.1',
    port,
    address: `127.0.0.1:${port}`,
    password,
    get pid() {
      return program.pid;
    },
    output: () => program.output(),
    kill: signal => program.kill(signal),
    stop() {
      const ended = program.kill('SIGTERM');
      // A stopped process takes the signal only when it goes on.
      program.resume();
      return ended;
    },
    async restart() {
      await program[Symbol.asyncDispose]();
      program = (await start(port)).program;
    },
    pause: () => program.pause(),
    resume: () => program.resume(),
    client() {
      const client = new Redis({ host: '127.0.0.1', port, ...(password && { password }), ...(tls && { tls: clientTls(tls) }) });
      // Commands tell their callers; without a listener each lost connection would be printed, too.
      client.on('error', () => {});
      clients.push(client);
      return client;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function configuration(port: number, directory: string, password: string | undefined, tls: ServerTls | undefined): string[] {
  const lines = ['bind 127.0.0.1', `dir ${quoted(directory)}`, 'save ""', 'appendonly no', 'daemonize no'];
  if (password !== undefined) lines.push(`requirepass ${quoted(password)}`);
  if (tls === undefined) return [...lines, `port ${port}`];
  lines.push('port 0', `tls-port ${port}`, `tls-cert-file ${quoted(tls.cert)}`, `tls-key-file ${quoted(tls.key)}`);
  if (tls.ca === undefined) return [...lines, 'tls-auth-clients no'];
  return [...lines, `tls-ca-cert-file ${quoted(tls.ca)}`, 'tls-auth-clients yes'];
}

/** In double quotes redis.conf knows the escapes of C. */
const quoted = (text: string) => `"${text.replaceAll(/["\\]/g, '\\$&')}"`;

/** The password is in no command line, which everybody could read. */
function writeConfig(file: string, lines: readonly string[]): void {
  writeFileSync(file, '');
  chmodSync(file, 0o600);
  writeFileSync(file, `${lines.join('\n')}\n`);
}

/** For the testkit's own clients: shows the server's own pair where a certificate is asked for, and trusts what it finds. */
function clientTls(tls: ServerTls) {
  return { cert: readFileSync(tls.cert), key: readFileSync(tls.key), rejectUnauthorized: false };
}

/** Does it answer PING, be it by asking for the password? It answers an error first while it loads its data. */
function answersPing(port: number, tls: ServerTls | undefined): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const to = { host: '127.0.0.1', port };
    const socket = tls === undefined ? connect(to) : connectTls({ ...to, ...clientTls(tls) });
    socket.setTimeout(2000, () => socket.destroy(new Error('no answer to PING within 2 s')));
    socket.on('error', reject);
    socket.on('close', () => resolve(false));
    socket.once('data', data => {
      resolve(/^(\+PONG|-NOAUTH|-NOPERM)/.test(data.toString()));
      socket.destroy();
    });
    socket.write('PING\r\n');
  });
}
