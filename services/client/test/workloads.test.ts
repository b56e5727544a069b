import { InFlightPolicy } from '@galileo/proto/client';
import { startUpstream, until } from '@galileo/testkit';
import { splitHeaders } from '@galileo/wire';
import { expect, test } from 'vitest';
import { startWorker } from './worker.ts';

const constant = (gap: number) => ({ $case: 'distribution' as const, value: { name: 'constant', parameters: [gap] } });

/** An upstream that holds each request until it is let go, and knows how many it held at most. */
async function startHolding() {
  const held: (() => void)[] = [];
  let most = 0;
  const upstream = await startUpstream((_request, response) => {
    held.push(() => response.end());
    most = Math.max(most, held.length);
  });
  return { held, upstream, most: () => most };
}

test('a closed loop has so many requests on the way, and ends with their number', async () => {
  const { held, most, ...rest } = await startHolding();
  await using upstream = rest.upstream;
  await using worker = await startWorker();
  const [client] = await worker.clients(1, upstream.address);
  await worker.rpc.setWorkload({ clientId: client!.clientId, concurrency: 3, arrival: { requests: 10 } });
  const watching = worker.watch();
  for (let answered = 0; answered < 10; answered++) {
    await until('the requests', () => held.length === Math.min(3, 10 - answered));
    held.shift()!();
  }
  expect((await watching).at(-1)).toMatchObject({ released: 10, completed: 10, failed: 0, idle: true });
  expect(most()).toBe(3);
});

test('a closed loop without an end goes on until it is stopped', async () => {
  await using upstream = await startUpstream((_request, response) => response.end());
  await using worker = await startWorker();
  const [client] = await worker.clients(1, upstream.address);
  const { startAt } = await worker.rpc.setWorkload({ clientId: client!.clientId, concurrency: 2 });
  expect(startAt).toBeGreaterThan(1e9);
  const list = async () => (await worker.rpc.listClients({})).clients[0]!;
  await until('many requests', async () => (await list()).requests > 200);
  await worker.rpc.stopWorkload({ clientId: client!.clientId });
  await until('the end', async () => !(await list()).busy);
});

test('of a schedule with a limit what is too much is dropped, counted and recorded, or waits', async () => {
  const { held, most, ...rest } = await startHolding();
  await using upstream = rest.upstream;
  await using worker = await startWorker();
  const [dropping, queueing] = await worker.clients(2, upstream.address);
  const arrival = { process: constant(0.001), requests: 10 };
  const limit = { maxInFlight: 2, arrival };
  await worker.rpc.setWorkload({ clientId: dropping!.clientId, ...limit, inFlightPolicy: InFlightPolicy.DROP });
  await until('all to be due', async () => (await worker.rpc.listClients({})).clients[0]!.requests === 8);
  for (let answered = 0; answered < 2; answered++) (await until('a request', () => held.shift()))();
  await until('the end', async () => !(await worker.rpc.listClients({})).clients[0]!.busy);
  await worker.rpc.setWorkload({ clientId: queueing!.clientId, ...limit });
  for (let answered = 0; answered < 10; answered++) (await until('a request', () => held.shift()))();
  await until('all traces', () => worker.traces.length === 20);
  const errorsOf = (id: string) =>
    worker.traces.filter(({ client }) => client === id).map(({ headers }) => splitHeaders(headers).details.error);
  expect(errorsOf(dropping!.clientId).toSorted()).toEqual([...new Array(8).fill('dropped'), null, null]);
  expect(errorsOf(queueing!.clientId)).toEqual(new Array(10).fill(null));
  expect(most()).toBe(2);
});

test('while tracing is paused requests are only counted', async () => {
  await using upstream = await startUpstream((_request, response) => response.end());
  await using worker = await startWorker();
  const [client] = await worker.clients(1, upstream.address);
  const run = async () => {
    await worker.load(client!.clientId, { requests: 5 });
    await worker.watch();
  };
  await run();
  await worker.rpc.pauseTracing({});
  await run();
  await worker.rpc.startTracing({});
  await run();
  await until('the traces', () => worker.traces.length === 10);
  const counters = worker.traces.map(({ requestId }) => Number(requestId.split(':')[1]));
  expect(counters.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 11, 12, 13, 14, 15]);
});

test('a workload is a closed loop or a schedule', async () => {
  await using worker = await startWorker();
  const [client] = await worker.clients(1, undefined);
  const set = (fields: object) => worker.rpc.setWorkload({ clientId: client!.clientId, concurrency: 2, ...fields });
  await expect(set({ arrival: { process: constant(1) } })).rejects.toThrow(
    'concurrency: found 2 beside an arrival process; allowed: a closed loop or a schedule, not both',
  );
  await expect(set({ maxInFlight: 1 })).rejects.toThrow('concurrency: found 2 beside max_in_flight');
});
