import { TelemdDefinition } from '@galileo/proto/telemd';
import { temporaryDirectory } from '@galileo/testkit';
import { ClientError, createChannel, createClient, Metadata, Status } from 'nice-grpc';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { adoptGrpcLog } from '../src/grpc-log.ts';
import {
  bind,
  ConfigError,
  connect,
  createLog,
  invalidArgument,
  startGrpcServer,
  VersionMismatchError,
  waitForServing,
} from '../src/index.ts';
import { createRegistry, startMetrics } from '../src/metrics.ts';
import { compatible, version } from '../src/version.ts';

const unimplemented = async () => {
  throw new Error('not used here');
};

function startServer(options: { token?: string; listen?: string; insecure?: boolean; log?: ReturnType<typeof createLog> } = {}) {
  return startGrpcServer({
    listen: options.listen ?? '127.0.0.1:0',
    credentials: { token: options.token },
    insecure: options.insecure,
    log: options.log ?? createLog('test', 'SILENT'),
    services: [
      bind(TelemdDefinition, {
        getNodeInfo: async () => ({ node: 'n1', info: { arch: 'arm64' } }),
        listInstruments: async () => {
          throw new Error('the disk is on fire');
        },
        setPeriod: async () => {
          throw invalidArgument('period: found -1; allowed: at least 0.01');
        },
        setProcesses: () => new Promise(() => {}),
        pause: unimplemented,
        unpause: unimplemented,
      }),
    ],
  });
}

describe('a gRPC server', () => {
  test('answers calls, health checks and reflection', async () => {
    await using server = await startServer();
    using telemd = connect(TelemdDefinition, server.address);
    expect(await telemd.client.getNodeInfo({})).toEqual({ node: 'n1', info: { arch: 'arm64' } });
    await expect(waitForServing(server.address, 0.2)).rejects.toThrow(
      `${server.address} was not ready within 0.2 s: not serving`,
    );
    server.setServing(true);
    await waitForServing(server.address, 5);
  });

  test.each([
    ['no token', undefined],
    ['a wrong token', 'guess'],
  ])('with a token refuses a call with %s', async (_, token) => {
    await using server = await startServer({ token: 'right' });
    using telemd = connect(TelemdDefinition, server.address, { credentials: { token } });
    await expect(telemd.client.getNodeInfo({})).rejects.toMatchObject({ code: Status.UNAUTHENTICATED });
  });

  test('with a token takes calls that carry it', async () => {
    await using server = await startServer({ token: 'right' });
    using telemd = connect(TelemdDefinition, server.address, { credentials: { token: 'right' } });
    expect((await telemd.client.getNodeInfo({})).node).toBe('n1');
  });

  test('names an address that is taken, once', async () => {
    adoptGrpcLog(createLog('test', 'SILENT'));
    await using server = await startServer();
    const error = await startServer({ listen: server.address }).catch(reason => reason);
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.message).toMatch(
      new RegExp(`^galileo_grpc_listen: "${server.address}" can't be listened on: listen EADDRINUSE: [^;]*; allowed: an address`),
    );
  });

  test.each([
    ['nothing', {}, false],
    ['a token', { token: 't' }, true],
    ['galileo_insecure', { insecure: true }, true],
  ])('may be reached from other machines with %s: %s', async (_, options, allowed) => {
    const starting = startServer({ listen: '0.0.0.0:0', ...options });
    if (allowed) await (await starting)[Symbol.asyncDispose]();
    else
      await expect(starting).rejects.toThrow(
        /^galileo_grpc_listen: "0.0.0.0:0" is open to others.* galileo_token, or galileo_tls_cert/,
      );
  });

  test('passes a handler’s status on, and logs and hides nothing of an unexpected error', async () => {
    await using directory = await temporaryDirectory();
    const file = `${directory.path}/log`;
    const destination = pino.destination({ dest: file, sync: true });
    await using server = await startServer({ log: createLog('test', 'INFO', destination) });
    using telemd = connect(TelemdDefinition, server.address);
    await expect(telemd.client.setPeriod({})).rejects.toMatchObject({ code: Status.INVALID_ARGUMENT });
    await expect(telemd.client.listInstruments({})).rejects.toMatchObject({
      code: Status.INTERNAL,
      details: 'the disk is on fire',
    });
    const { readFile } = await import('node:fs/promises');
    const log = await readFile(file, 'utf8');
    expect(log).toContain('the disk is on fire');
    expect(log).not.toContain('allowed: at least 0.01');
  });

  test('a call that is not answered ends after its time-out with the address and the method', async () => {
    await using server = await startServer();
    using telemd = connect(TelemdDefinition, server.address, { timeout: 0.1 });
    await expect(telemd.client.setProcesses({})).rejects.toThrow(
      `${server.address} did not answer /galileo.v1.Telemd/SetProcesses within 0.1 s`,
    );
  });

  test('refuses a caller of another version, and a client refuses such a server', async () => {
    await using server = await startServer();
    const channel = createChannel(server.address);
    const other = createClient(TelemdDefinition, channel);
    const metadata = Metadata({ 'galileo-version': '99.0.0' });
    const refused = await other.getNodeInfo({}, { metadata }).catch(error => error);
    channel.close();
    expect(refused).toBeInstanceOf(ClientError);
    expect(refused.details).toContain('99.0.0');
    expect(new VersionMismatchError('a:1', '99.0.0').message).toContain(version);
  });
});

test.each([
  ['0.1.0', '0.1.9', true],
  ['0.1.0', '0.2.0', false],
  ['1.0.0', '1.9.3', true],
  ['1.0.0', '2.0.0', false],
])('versions %s and %s understand each other: %s', (one, other, expected) => {
  expect(compatible(one, other)).toBe(expected);
});

test('metrics are served in Prometheus’ format, and nothing else is', async () => {
  await using metrics = await startMetrics('127.0.0.1:0', createRegistry());
  expect(await (await fetch(`http://${metrics.address}/metrics`)).text()).toContain('process_cpu_seconds_total');
  expect((await fetch(`http://${metrics.address}/`)).status).toBe(404);
  const taken = startMetrics(metrics.address, createRegistry());
  await expect(taken).rejects.toThrow(ConfigError);
  await expect(taken).rejects.toThrow(`galileo_metrics_listen: "${metrics.address}" can't be listened on: listen EADDRINUSE`);
});
