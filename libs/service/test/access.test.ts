import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect as connectTcp, createServer, type Server, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { TelemdDefinition } from '@galileo/proto/telemd';
import { type Certificates, createCertificates, type KeyPair, temporaryDirectory, until } from '@galileo/testkit';
import { ClientError, Status } from 'nice-grpc';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bind, ConnectionError, type Credentials, connect, createLog, joinAddress, startGrpcServer } from '../src/index.ts';

let certificates: Certificates;
let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => {
  directory = await temporaryDirectory();
  certificates = await createCertificates(directory.path);
});
afterAll(() => directory[Symbol.asyncDispose]());

const identity = (pair: KeyPair, ca = certificates.ca): Credentials => ({
  tls: { cert: readFileSync(pair.cert), key: readFileSync(pair.key), ca: readFileSync(ca) },
});

interface Refusal {
  readonly msg: string;
  readonly level: number;
  readonly peer: string;
  readonly reason: string;
  readonly method?: string;
}

const unused = async () => {
  throw new Error('not used here');
};

async function startServer(credentials: Credentials, listen = '127.0.0.1:0') {
  const lines: Refusal[] = [];
  const log = createLog('test', 'INFO', { write: line => void lines.push(JSON.parse(line)) });
  const implementation = {
    getNodeInfo: async () => ({ node: 'n1', info: {} }),
    listInstruments: unused,
    setPeriod: unused,
    setProcesses: unused,
    pause: unused,
    unpause: unused,
  };
  const server = await startGrpcServer({ listen, credentials, log, services: [bind(TelemdDefinition, implementation)] });
  return { ...server, lines, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

async function callError(address: string, credentials: Credentials): Promise<ClientError> {
  using telemd = connect(TelemdDefinition, address, { credentials, timeout: 5 });
  const error = await telemd.client.getNodeInfo({}).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ClientError)) throw new Error(`the call did not fail as expected: ${error}`);
  return error;
}

interface Case {
  readonly server: () => Credentials;
  readonly listen?: string;
  readonly client: () => Credentials;
  readonly code?: Status;
  /** What the caller is told; ADDRESS stands for the server's. */
  readonly told: string | RegExp;
  /** The reason in the server's log. */
  readonly logged: string | RegExp;
}

const brokenOff = /^it broke TLS off, perhaps because it does not accept the certificate of galileo_tls_cert/;

const cases: Record<string, Case> = {
  'a call without the token': {
    server: () => ({ token: 'right' }),
    client: () => ({}),
    code: Status.UNAUTHENTICATED,
    told: 'ADDRESS answers UNAUTHENTICATED: the call carries no token: set galileo_token as it is set there',
    logged: 'the call carries no token: set galileo_token as it is set there',
  },
  'a call with a wrong token': {
    server: () => ({ token: 'right' }),
    client: () => ({ token: 'guess' }),
    code: Status.UNAUTHENTICATED,
    told: 'ADDRESS answers UNAUTHENTICATED: the token of the call is wrong: set galileo_token as it is set there',
    logged: 'the token of the call is wrong: set galileo_token as it is set there',
  },
  'a call with a certificate and without the token': {
    server: () => ({ token: 'right', ...identity(certificates.server) }),
    client: () => identity(certificates.client),
    code: Status.UNAUTHENTICATED,
    told: 'ADDRESS answers UNAUTHENTICATED: the call carries no token: set galileo_token as it is set there',
    logged: 'the call carries no token: set galileo_token as it is set there',
  },
  'a client whose certificate has expired': {
    server: () => identity(certificates.server),
    client: () => identity(certificates.expired),
    told: /^ADDRESS refuses the certificate of galileo_tls_cert: it expired at \d{4}-\d\d-\d\dT[\d:.]+Z$/,
    logged: 'its certificate has expired',
  },
  'a client with a certificate of another CA': {
    server: () => identity(certificates.server),
    client: () => identity(certificates.foreign),
    told: 'ADDRESS refuses the certificate of galileo_tls_cert: it must be of the authority in the galileo_tls_ca there',
    logged: 'its certificate is not of the authority in galileo_tls_ca',
  },
  'a server whose certificate has expired': {
    server: () => identity(certificates.expired),
    client: () => identity(certificates.client),
    told: /^the certificate of ADDRESS \(its galileo_tls_cert\) expired at \d{4}-\d\d-\d\dT[\d:.]+Z$/,
    logged: brokenOff,
  },
  'a server with a certificate of another CA': {
    server: () => identity(certificates.foreign),
    client: () => identity(certificates.client),
    told: 'the certificate of ADDRESS is not of the authority in galileo_tls_ca',
    logged: brokenOff,
  },
  'a server under a name that its certificate is not for': {
    server: () => identity(certificates.server),
    listen: '127.0.0.2:0',
    client: () => identity(certificates.client),
    told: /^the certificate of ADDRESS \(its galileo_tls_cert\) is not for the host 127.0.0.2, but for DNS:localhost, IP Address:127.0.0.1/,
    logged: brokenOff,
  },
  'a server with a certificate for clients only': {
    server: () => identity(certificates.client),
    client: () => identity(certificates.client),
    told: 'the certificate of ADDRESS (its galileo_tls_cert) is not accepted (INVALID_PURPOSE)',
    logged: brokenOff,
  },
  'a client without TLS on a port with it': {
    server: () => identity(certificates.server),
    client: () => ({ token: 'a token' }),
    told: 'ADDRESS speaks TLS: set galileo_tls_cert, galileo_tls_key and galileo_tls_ca',
    logged: 'it does not speak TLS, as galileo_tls_cert wants it here',
  },
  'a client with TLS on a port without it': {
    server: () => ({ token: 'right' }),
    client: () => identity(certificates.client),
    told: 'ADDRESS does not speak TLS: unset galileo_tls_cert, galileo_tls_key and galileo_tls_ca, or set them there as well',
    logged: 'it speaks TLS, and galileo_tls_cert is not set here',
  },
};

test.each(Object.entries(cases))('%s: both sides are told', async (_, row) => {
  await using server = await startServer(row.server(), row.listen);
  const error = await callError(server.address, row.client());
  expect(error).toBeInstanceOf(ConnectionError);
  expect(error.code).toBe(row.code ?? Status.UNAVAILABLE);
  expect(error.cause).toBeInstanceOf(ClientError);
  const told = error.message.replaceAll(server.address, 'ADDRESS');
  if (typeof row.told === 'string') expect(told).toBe(row.told);
  else expect(told).toMatch(row.told);
  await until('the line in the log', () => server.lines.length > 0);
  expect(server.lines).toHaveLength(1);
  const [line] = server.lines;
  expect(line).toMatchObject({ level: 40, peer: expect.stringMatching(/^127\.0\.0\.\d:[1-9]\d*$/) });
  if (typeof row.logged === 'string') expect(line!.reason).toBe(row.logged);
  else expect(line!.reason).toMatch(row.logged);
  expect(JSON.stringify(server.lines)).not.toMatch(/right|guess/);
});

test('with certificates of the same CA calls are taken, by IPv4 and IPv6 address and by name, with the token or without', async () => {
  for (const listen of ['127.0.0.1:0', '[::1]:0', 'localhost:0']) {
    for (const token of [undefined, 'right']) {
      await using server = await startServer({ ...identity(certificates.server), token }, listen);
      using telemd = connect(TelemdDefinition, server.address, { credentials: { ...identity(certificates.client), token } });
      expect(await telemd.client.getNodeInfo({})).toEqual({ node: 'n1', info: {} });
      expect(server.lines).toEqual([]);
    }
  }
});

test('a client that shows no certificate is refused and told so, and the log tells it', async () => {
  await using server = await startServer(identity(certificates.server));
  const [host, port] = server.address.split(':');
  const socket = connectTls({ host, port: Number(port), ca: readFileSync(certificates.ca), ALPNProtocols: ['h2'] });
  const [error] = await once(socket, 'error');
  expect(error.code).toBe('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED');
  await until('the line in the log', () => server.lines.length > 0);
  expect(server.lines).toMatchObject([{ msg: 'refused a connection', reason: 'it shows no certificate (galileo_tls_cert)' }]);
});

async function listening(server: Server) {
  const sockets = new Set<Socket>();
  server.on('connection', socket => void sockets.add(socket.on('error', () => {})));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    address: joinAddress('127.0.0.1', (server.address() as AddressInfo).port),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise(resolve => server.close(resolve));
    },
  };
}

const strangers: readonly [string, () => Server, string][] = [
  [
    'a server of HTTP/1',
    () => createHttpServer((_request, response) => response.end('hello')),
    'ADDRESS does not speak gRPC: it answers "HTTP/1.1 400 Bad Request"',
  ],
  [
    'a server that greets in its own way',
    () => createServer(socket => void socket.end('SSH-2.0-OpenSSH_9.2\r\n')),
    'ADDRESS does not speak gRPC: it answers "SSH-2.0-OpenSSH_9.2"',
  ],
  [
    'a server that closes at once',
    () => createServer(socket => void socket.destroy()),
    'ADDRESS accepts connections and closes them at once: either it is not gRPC, or it hangs',
  ],
];

test.each(strangers)('a call to %s is told what is there, with TLS and without', async (_, create, told) => {
  await using stranger = await listening(create());
  for (const credentials of [{}, identity(certificates.client)]) {
    const error = await callError(stranger.address, credentials);
    expect(error.message.replaceAll(stranger.address, 'ADDRESS')).toBe(told);
    expect(error.code).toBe(Status.UNAVAILABLE);
  }
});

test('a call to an address where nobody listens is told so, with TLS and without', async () => {
  const { address, ...gone } = await listening(createServer());
  await gone[Symbol.asyncDispose]();
  for (const credentials of [{}, identity(certificates.client)]) {
    expect((await callError(address, credentials)).message).toBe(`nobody listens on ${address}`);
  }
});

test('a call to a host that does not exist is told so', async () => {
  expect((await callError('no-such-host.invalid:1', {})).message).toMatch(/^the host of no-such-host.invalid:1 is not known/);
});

test('a call that got no connection in time tells what was found', async () => {
  await using silent = await listening(createServer());
  using telemd = connect(TelemdDefinition, silent.address, { timeout: 0.2 });
  await expect(telemd.client.getNodeInfo({})).rejects.toThrow(
    `${silent.address} did not answer /galileo.v1.Telemd/GetNodeInfo within 0.2 s: ${silent.address} accepts connections and says nothing`,
  );
});

test('whoever is refused again and again is told of once in the log', async () => {
  await using server = await startServer({ token: 'right' });
  for (const token of ['a', 'b', undefined]) await callError(server.address, { token });
  expect(server.lines.map(line => line.reason)).toEqual([
    expect.stringContaining('wrong'),
    expect.stringContaining('carries no token'),
  ]);
  expect(server.lines[0]).toMatchObject({ msg: 'refused a call', method: '/galileo.v1.Telemd/GetNodeInfo' });
});

test('a cancelled call is not looked into', async () => {
  const { address, ...gone } = await listening(createServer());
  await gone[Symbol.asyncDispose]();
  using telemd = connect(TelemdDefinition, address);
  await expect(telemd.client.getNodeInfo({}, { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
});

test('a connection that never says anything does not keep a server from its end', async () => {
  for (const credentials of [{}, identity(certificates.server)]) {
    const server = await startServer(credentials);
    const [host, port] = server.address.split(':');
    const socket = connectTcp(Number(port), host).on('error', () => {});
    const closed = once(socket, 'close');
    await once(socket, 'connect');
    await server[Symbol.asyncDispose]();
    await closed;
    expect(server.lines).toEqual([]);
  }
});
