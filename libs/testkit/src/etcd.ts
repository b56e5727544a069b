import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { missing } from './missing.ts';
import type { Exit, Program } from './program.ts';
import { type ServerTls, startServer } from './server.ts';
import { programDirectory } from './watchdog.ts';

export interface EtcdOptions {
  /** Turns authentication on, with the user `root` and this password. */
  readonly rootPassword?: string;
  readonly tls?: ServerTls;
  /** Default: a free one. */
  readonly port?: number;
}

/** An etcd of one member. Disposing it kills it and removes its data. */
export interface EtcdServer extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** HOST:PORT. */
  readonly address: string;
  /** Of the process that runs now, or of the one that ran last. */
  readonly pid: number;
  /** What it has printed since its last start. */
  output(): string;
  /** Sends a signal (default SIGKILL) and waits for its end. */
  kill(signal?: NodeJS.Signals): Promise<Exit>;
  /** Starts it again on the same port with its data; kills it before if it runs. */
  restart(): Promise<void>;
  /** SIGSTOP: connections stay open, nothing is answered. */
  pause(): void;
  resume(): void;
  /** Forgets all revisions before the present one: a watch that starts at one of them is cancelled. @returns the present one. */
  compact(): Promise<number>;
  /** Runs `etcdctl` against it, as root if it has a password and no other `--user` is given. @returns its standard output. @throws Error with its standard error. */
  ctl(...args: string[]): Promise<string>;
}

const run = promisify(execFile);

/** Starts an etcd on 127.0.0.1. @throws Error with its output if it does not start. */
export async function startEtcd(options: EtcdOptions = {}): Promise<EtcdServer> {
  await using resources = new AsyncDisposableStack();
  const own = programDirectory();
  resources.defer(own.remove);
  const { tls, rootPassword } = options;
  const start = (wanted: number | undefined) =>
    startServer({
      command: port => ['etcd', ...parameters(port, join(own.path, 'data'), tls)],
      // etcd asks for this on platforms that it is not tested on.
      environment: process.arch.startsWith('arm') ? { ETCD_UNSUPPORTED_ARCH: process.arch } : {},
      port: wanted,
      listening: /ready to serve client requests/,
      answers: port => isHealthy(port, tls),
    });
  const first = await start(options.port);
  const { port } = first;
  let program: Program = first.program;
  resources.defer(() => program[Symbol.asyncDispose]());

  async function ctl(user: string | undefined, args: readonly string[]): Promise<string> {
    if (missing('etcdctl')) throw new Error('etcdctl is not installed (Debian: etcd-client)');
    const connection = ['--endpoints', `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`];
    if (tls !== undefined) connection.push('--insecure-skip-tls-verify', '--cert', tls.cert, '--key', tls.key);
    const environment = { PATH: process.env['PATH'], ETCDCTL_API: '3', ...(user && { ETCDCTL_USER: user }) };
    // It refuses to be told twice.
    if (args.some(arg => /^--user(=|$)/.test(arg))) delete environment.ETCDCTL_USER;
    const { stdout } = await run('etcdctl', [...connection, ...args], { env: environment, timeout: 10_000 });
    return stdout;
  }
  if (rootPassword !== undefined) {
    await ctl(undefined, ['user', 'add', `root:${rootPassword}`]);
    await ctl(undefined, ['user', 'grant-role', 'root', 'root']);
    await ctl(undefined, ['auth', 'enable']);
  }
  const asRoot = (...args: string[]) => ctl(rootPassword === undefined ? undefined : `root:${rootPassword}`, args);
  const owned = resources.move();

  return {
    host: '127.0.0.1',
    port,
    address: `127.0.0.1:${port}`,
    get pid() {
      return program.pid;
    },
    output: () => program.output(),
    kill: signal => program.kill(signal),
    async restart() {
      await program[Symbol.asyncDispose]();
      program = (await start(port)).program;
    },
    pause: () => program.pause(),
    resume: () => program.resume(),
    async compact() {
      const { header } = JSON.parse(await asRoot('get', 'any', '--write-out', 'json')) as { header: { revision: number } };
      await asRoot('compact', String(header.revision));
      return header.revision;
    },
    ctl: asRoot,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function parameters(port: number, data: string, tls: ServerTls | undefined): string[] {
  const url = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;
  // A single member talks to no peer; it takes any port for the peers that it will never have.
  const peer = 'http://127.0.0.1:0';
  const named: Record<string, string> = {
    name: 'test',
    'data-dir': data,
    'listen-client-urls': url,
    'advertise-client-urls': url,
    'listen-peer-urls': peer,
    'initial-advertise-peer-urls': peer,
    'initial-cluster': `test=${peer}`,
    // It elects itself after the election timeout, which nobody competes for.
    'heartbeat-interval': '20',
    'election-timeout': '100',
    // The least that bcrypt takes: passwords of tests need not be hard to guess.
    'bcrypt-cost': '4',
    ...(tls && { 'cert-file': tls.cert, 'key-file': tls.key }),
    ...(tls?.ca && { 'trusted-ca-file': tls.ca, 'client-cert-auth': 'true' }),
  };
  return Object.entries(named).map(([name, value]) => `--${name}=${value}`);
}

/** GET /health needs no password. */
function isHealthy(port: number, tls: ServerTls | undefined): Promise<boolean> {
  const options = { host: '127.0.0.1', port, path: '/health', timeout: 2000, agent: false as const };
  const secure = tls && { cert: readFileSync(tls.cert), key: readFileSync(tls.key), rejectUnauthorized: false };
  return new Promise((resolve, reject) => {
    const request = secure === undefined ? requestHttp(options) : requestHttps({ ...options, ...secure });
    request.on('timeout', () => request.destroy(new Error('no answer of /health within 2 s')));
    request.on('error', reject);
    request.on('response', async response => {
      let body = '';
      for await (const chunk of response) body += chunk;
      resolve(/"health":\s*"?true/.test(body));
    });
    request.end();
  });
}
