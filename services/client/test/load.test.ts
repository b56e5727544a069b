import { createServer } from 'node:net';
import { createHistogram, decodeHistogram } from '@galileo/analysis';
import { ProfileProcess } from '@galileo/proto/client';
import { startUpstream, until } from '@galileo/testkit';
import { splitHeaders, type Trace } from '@galileo/wire';
import { clientSeed, createSchedule } from '@galileo/workload';
import { describe, expect, it } from 'vitest';
import { startWorker } from './worker.ts';

const detailsOf = (trace: Trace) => splitHeaders(trace.headers).details;
const byId = (traces: readonly Trace[], token: string) =>
  traces
    .filter(trace => trace.requestId.startsWith(`${token}:`))
    .toSorted((a, b) => Number(a.requestId.split(':')[1]) - Number(b.requestId.split(':')[1]));

const expovariate = (rate: number) => ({
  process: { $case: 'distribution' as const, value: { name: 'expovariate', parameters: [rate] } },
});

describe('a load', () => {
  it('follows a profile, and plays what was recorded, at the microseconds of the schedule', async () => {
    await using upstream = await startUpstream((_, response) => void response.end('ok'));
    await using worker = await startWorker();
    const clients = await worker.clients(2, upstream.address, { path: '/' });
    const startAt = worker.clock.now() + 0.2;
    const gaps = [0.1, 0, -1, 0.05, 1 / 3];
    const parameters = { max_rps: 200, period: 0.5 };
    const sine = { kind: 'profile', name: 'sine', parameters, rates: [], process: 'even' } as const;
    const profile = { $case: 'profile' as const, value: { name: 'sine', parameters, process: ProfileProcess.EVEN } };
    const recorded = { $case: 'recorded' as const, value: { gaps } };
    for (const [index, process] of [profile, recorded].entries()) {
      await worker.rpc.setWorkload({ clientId: clients[index]!.clientId, arrival: { process }, seed: 5, startAt, duration: 1 });
    }
    await worker.watch();
    for (const [index, arrival] of ([sine, { kind: 'recorded', gaps }] as const).entries()) {
      const schedule = createSchedule({ arrival, seed: 5, duration: 1 });
      const expected: number[] = [];
      for (let time = schedule.next(); time !== undefined; time = schedule.next()) expected.push(time);
      const traces = await until('the traces', () => {
        const found = byId(worker.traces, clients[index]!.token);
        return found.length >= expected.length ? found : undefined;
      });
      expect(traces.map(trace => Math.round((trace.created - startAt) * 1e6))).toEqual(expected);
    }
  });

  it('is what its schedules say, request by request, and all of it is recorded', async () => {
    await using upstream = await startUpstream((request, response) => {
      response.writeHead(200, { 'X-Final-Host': 'r:1', 'X-Path': request.url! }).end('three');
    });
    await using worker = await startWorker();
    const clients = await worker.clients(3, upstream.address, { path: '/function/pi?n=1' });
    expect(clients.map(client => client.clientId)).toEqual(['w:pi:0', 'w:pi:1', 'w:pi:2']);
    const startAt = worker.clock.now() + 0.2;
    for (const [index, { clientId }] of clients.entries()) {
      const answer = await worker.rpc.setWorkload({
        clientId,
        arrival: expovariate(150),
        seed: clientSeed(42, index),
        startAt,
        duration: 1,
      });
      expect(answer.startAt).toBe(startAt);
    }
    const messages = await worker.watch();

    let total = 0;
    for (const [index, { clientId, token }] of clients.entries()) {
      const schedule = createSchedule({
        arrival: { kind: 'distribution', name: 'expovariate', parameters: [150] },
        seed: clientSeed(42, index),
        duration: 1,
      });
      const expected: number[] = [];
      for (let time = schedule.next(); time !== undefined; time = schedule.next()) expected.push(time);
      total += expected.length;
      const traces = await until('the traces', () => {
        const found = byId(worker.traces, token);
        return found.length >= expected.length ? found : undefined;
      });
      expect(traces.map(trace => Math.round((trace.created - startAt) * 1e6))).toEqual(expected);
      expect(traces.map(trace => trace.requestId)).toEqual(expected.map((_, i) => `${token}:${i + 1}`));
      for (const trace of traces) {
        expect(trace).toMatchObject({
          client: clientId,
          service: 'pi',
          status: 200,
          server: upstream.address,
          expId: null,
          response: null,
        });
        const { released, firstByte, error, bytes, replica } = detailsOf(trace);
        expect({ error, bytes, replica }).toEqual({ error: null, bytes: 5, replica: 'r:1' });
        const times = [trace.created, released!, trace.sent, firstByte!, trace.done];
        expect(times).toEqual(times.toSorted((a, b) => a - b));
        expect(JSON.parse(splitHeaders(trace.headers).headers!)).toMatchObject({ 'X-Path': '/function/pi?n=1' });
      }
    }
    expect(worker.traces).toHaveLength(total);

    const last = messages.at(-1)!;
    expect(last).toMatchObject({ intended: total, released: total, completed: total, failed: 0, inFlight: 0, idle: true });
    expect(messages.slice(0, -1).every(message => !message.idle)).toBe(true);
    expect(decodeHistogram(last.releaseError).count).toBe(total);
    const latency = createHistogram();
    for (const message of messages) latency.add(decodeHistogram(message.latency));
    expect(latency.count).toBe(total);
    for (const { latency: _, releaseError: __, queueing: ___, idle: ____, faults, ...numbers } of messages) {
      expect(faults).toEqual([]);
      expect(Object.values(numbers).every(Number.isFinite)).toBe(true);
    }
  });

  it('is the same for the same seeds', async () => {
    await using upstream = await startUpstream((_request, response) => response.end());
    await using worker = await startWorker();
    const offsets: number[][] = [];
    for (const seed of [7, 7, 8]) {
      const [client] = await worker.clients(1, upstream.address);
      const { startAt } = await worker.rpc.setWorkload({
        clientId: client!.clientId,
        arrival: { ...expovariate(500), requests: 50 },
        seed,
      });
      await worker.watch();
      const traces = await until('the traces', () => {
        const found = byId(worker.traces, client!.token);
        return found.length === 50 ? found : undefined;
      });
      offsets.push(traces.map(trace => Math.round((trace.created - startAt) * 1e6)));
    }
    expect(offsets[1]).toEqual(offsets[0]);
    expect(offsets[2]).not.toEqual(offsets[0]);
  });

  it('keeps bodies and cuts long ones when it is told to', async () => {
    await using upstream = await startUpstream((_request, response) => response.end('ä'.repeat(40_000)));
    await using worker = await startWorker({ galileo_trace_content: 'all' });
    const [client] = await worker.clients(1, upstream.address);
    await worker.load(client!.clientId, { requests: 1 });
    const trace = await until('the trace', () => worker.traces[0]);
    expect(trace.response).toBe('ä'.repeat(32_768));
    expect(detailsOf(trace).bytes).toBe(80_000);
  });
});

describe('a request that goes wrong', () => {
  interface Case {
    sentence: string;
    host: () => Promise<{ address: string | undefined } & AsyncDisposable>;
    timeout?: number;
    expected: { status: number; error: string | null; sent: boolean };
  }
  const nowhere = async () => ({ address: undefined, async [Symbol.asyncDispose]() {} });
  const closedPort = async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise(resolve => server.once('listening', resolve));
    const address = `127.0.0.1:${(server.address() as { port: number }).port}`;
    await new Promise(resolve => server.close(resolve));
    return { address, async [Symbol.asyncDispose]() {} };
  };
  const cases: Case[] = [
    {
      sentence: 'with 500 is answered and failed',
      host: () => startUpstream((_request, response) => response.writeHead(500).end()),
      expected: { status: 500, error: null, sent: true },
    },
    { sentence: 'is refused', host: closedPort, expected: { status: -1, error: 'refused', sent: false } },
    {
      sentence: 'is reset',
      host: () => startUpstream(request => request.socket.resetAndDestroy()),
      expected: { status: -1, error: 'reset', sent: true },
    },
    {
      sentence: 'has no answer in time',
      host: () => startUpstream(() => {}),
      timeout: 0.15,
      expected: { status: -1, error: 'timeout', sent: true },
    },
    { sentence: 'has no route', host: nowhere, expected: { status: -1, error: 'no route', sent: false } },
  ];
  for (const { sentence, host, timeout = 10, expected } of cases) {
    it(`${sentence}, and stops nothing`, async () => {
      await using target = await host();
      await using worker = await startWorker();
      const [client] = await worker.clients(1, target.address, { timeout });
      await worker.load(client!.clientId, { requests: 20 });
      const last = (await worker.watch()).at(-1)!;
      expect(last).toMatchObject({ intended: 20, released: 20, completed: 20, failed: 20, inFlight: 0 });
      const traces = await until('the traces', () => (worker.traces.length === 20 ? worker.traces : undefined));
      for (const trace of traces) {
        expect({ status: trace.status, error: detailsOf(trace).error, sent: trace.sent > 0 }).toEqual(expected);
        expect(trace.sent > 0 || trace.sent === -1).toBe(true);
        expect(trace.server).toBe(target.address ?? null);
      }
      const { clients } = await worker.rpc.listClients({});
      expect(clients).toMatchObject([{ requests: 20, failed: 20, busy: false }]);
    });
  }
});

describe('control of a load', () => {
  it('stops it at once; requests on the way are answered', async () => {
    const held: (() => void)[] = [];
    await using upstream = await startUpstream((_request, response) => held.push(() => response.end()));
    await using worker = await startWorker();
    const [client] = await worker.clients(1, upstream.address);
    await worker.load(client!.clientId, { duration: 600 });
    await until('requests at the target', () => held.length >= 20);
    await worker.rpc.stopWorkload({ clientId: client!.clientId });
    const { clients } = await worker.rpc.listClients({});
    expect(clients[0]!.busy).toBe(true);
    const watching = worker.watch();
    // What was on its way to the target when the load was stopped is answered, too.
    const answering = setInterval(() => {
      for (const answer of held.splice(0)) answer();
    }, 5);
    const last = (await watching).at(-1)!;
    clearInterval(answering);
    expect(last.failed).toBe(0);
    expect(last.completed).toBe(last.released);
    await until('the traces', () => worker.traces.length === last.released);
  });

  it('closes clients; their requests on the way are recorded as cancelled', async () => {
    let seen = 0;
    await using upstream = await startUpstream(() => {
      seen += 1;
    });
    await using worker = await startWorker();
    const [client, other] = await worker.clients(2, upstream.address);
    await worker.load(client!.clientId, { duration: 600, gap: 0.01 });
    await until('requests at the target', () => seen >= 5);
    expect((await worker.rpc.closeClients({ clientIds: [client!.clientId, 'nobody'] })).clientIds).toEqual([client!.clientId]);
    const last = (await worker.watch()).at(-1)!;
    expect(last).toMatchObject({ idle: true, inFlight: 0 });
    expect(last.failed).toBe(last.released);
    const traces = await until('the traces', () => (worker.traces.length === last.released ? worker.traces : undefined));
    for (const trace of traces) expect([trace.status, detailsOf(trace).error]).toEqual([-1, 'cancelled']);
    expect((await worker.rpc.closeClients({})).clientIds).toEqual([other!.clientId]);
    expect((await worker.rpc.listClients({})).clients).toEqual([]);
  });

  it('replaces a workload that is under way', async () => {
    await using upstream = await startUpstream((_request, response) => response.end());
    await using worker = await startWorker();
    const [client] = await worker.clients(1, upstream.address);
    await worker.load(client!.clientId, { duration: 600, gap: 0.01 });
    await until('some requests', () => worker.traces.length > 3);
    const { startAt } = await worker.load(client!.clientId, { requests: 4, gap: 0.02 });
    const last = (await worker.watch()).at(-1)!;
    const traces = await until('the traces', () => (worker.traces.length === last.released ? worker.traces : undefined));
    const sorted = byId(traces, client!.token);
    expect(sorted.map(trace => trace.requestId)).toEqual(sorted.map((_, i) => `${client!.token}:${i + 1}`));
    expect(sorted.slice(-4).map(trace => Math.round((trace.created - startAt) * 1e6))).toEqual([20_000, 40_000, 60_000, 80_000]);
    expect(sorted.slice(0, -4).every(trace => trace.created < startAt)).toBe(true);
  });

  it('begins at the time that it is told, ahead, at once or just over', async () => {
    await using upstream = await startUpstream((_request, response) => response.end());
    await using worker = await startWorker();
    const [client] = await worker.clients(1, upstream.address);
    const clientId = client!.clientId;
    for (const [round, ahead] of [0.3, -0.5].entries()) {
      const startAt = worker.clock.now() + ahead;
      await worker.load(clientId, { requests: 1, gap: 0.01, startAt });
      await worker.watch();
      const trace = await until('the trace', () => worker.traces[round]);
      expect(trace.created - startAt).toBeCloseTo(0.01, 6);
      expect(trace.sent).toBeGreaterThan(trace.created);
    }
    const before = worker.clock.now();
    const { startAt } = await worker.load(clientId, { requests: 1 });
    expect(startAt).toBeGreaterThanOrEqual(before);
    await expect(worker.load(clientId, { requests: 1, startAt: worker.clock.now() - 5 })).rejects.toThrow(
      /FAILED_PRECONDITION: start_at: found \d+\.\d+, which is over; allowed: 0 for at once/,
    );
  });
});
