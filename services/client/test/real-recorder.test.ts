import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { connectRedis } from '@galileo/bus/connect-redis';
import { LoadClientDefinition } from '@galileo/proto/client';
import { RecorderDefinition, RecordKind } from '@galileo/proto/recorder';
import { createRedisRoutes } from '@galileo/routing';
import { connect } from '@galileo/service';
import { missing, type RedisServer, silentLog, startRedis, startUpstream, temporaryDirectory, until } from '@galileo/testkit';
import { clientSeed, createSchedule } from '@galileo/workload';
import { expect, it } from 'vitest';
import { startProcess } from './service-process.ts';

it('every request of a load lies in the store of a real recorder, and the ledger says so', () =>
  recordLoad({ galileo_bus: 'direct' }));

it.skipIf(missing('redis-server'))('… also when routes and traces travel through Redis (needs redis-server)', async () => {
  await using redis = await startRedis();
  await recordLoad({ galileo_redis_host: redis.host, galileo_redis_port: String(redis.port) }, redis);
});

it('… also when two threads generate it', () => recordLoad({ galileo_bus: 'direct', galileo_client_threads: '2' }));

it('what the threads of a worker had recorded when it was killed is stored when it is started again', async () => {
  await using directory = await temporaryDirectory();
  let answered = 0;
  await using upstream = await startUpstream((_, response) => {
    answered += 1;
    response.end('x');
  });
  const bus = { galileo_bus: 'direct', galileo_data_dir: directory.path, galileo_spool_dir: join(directory.path, 'spools') };
  await using recorder = startProcess('recorder', bus);
  const address = (await recorder.line('ready')).addresses.grpc;
  using recording = connect(RecorderDefinition, address, { timeout: 30 });
  const environment = { ...bus, galileo_recorder: address, galileo_worker_name: 'w', galileo_client_threads: '2' };
  await using killed = startProcess('client', environment);
  using load = connect(LoadClientDefinition, (await killed.line('ready')).addresses.grpc);
  await load.client.setRoutes({ routes: [{ service: 'pi', hosts: [upstream.address], weights: [1] }] });
  const { clients } = await load.client.createClients({ service: 'pi', count: 2 });
  await recording.client.startRecording({ experimentId: 'e1' });
  const process = { $case: 'distribution' as const, value: { name: 'constant', parameters: [0.005] } };
  for (const { clientId } of clients) await load.client.setWorkload({ clientId, arrival: { process }, duration: 600 });
  await until('requests', () => answered > 200);
  await killed[Symbol.asyncDispose]();
  await using again = startProcess('client', environment);
  await again.line('ready');
  const { ledger } = await recording.client.stopRecording({ experimentId: 'e1' });
  const traces = ledger!.entries.find(({ kind }) => kind === RecordKind.TRACE)!;
  // What was on the way has no trace; all that was answered and read has.
  expect(traces.stored).toBeGreaterThanOrEqual(answered - 20);
  expect(traces.stored + traces.lost).toBe(traces.produced);
  expect(traces.lost).toBeLessThanOrEqual(20);
  expect(ledger!.mismatches.length).toBeLessThanOrEqual(20);
  expect(ledger!.missingProducers).toEqual([]);
});

async function recordLoad(bus: Readonly<Record<string, string>>, redis?: RedisServer): Promise<void> {
  await using directory = await temporaryDirectory();
  await using upstream = await startUpstream((request, response) => {
    if (request.url === '/bad') response.writeHead(503);
    response.end('x');
  });
  await using recorder = startProcess('recorder', { ...bus, galileo_data_dir: directory.path });
  const recorderAddress = (await recorder.line('ready')).addresses.grpc;
  await using worker = startProcess('client', {
    ...bus,
    galileo_recorder: recorderAddress,
    galileo_worker_name: 'w',
  });
  const workerAddress = (await worker.line('ready')).addresses.grpc;
  using recording = connect(RecorderDefinition, recorderAddress, { timeout: 30 });
  using load = connect(LoadClientDefinition, workerAddress);

  if (redis === undefined) {
    await load.client.setRoutes({ routes: [{ service: 'pi', hosts: [upstream.address], weights: [1] }] });
  } else {
    await using connection = connectRedis({ host: redis.host, port: redis.port }, { log: silentLog, name: 'test' });
    await connection.ready();
    await createRedisRoutes(connection).set({ service: 'pi', hosts: [upstream.address], weights: [1] });
    await until('the route', async () => (await load.client.getRoutes({})).routes[0]);
  }
  const clients = [];
  for (const path of ['/good', '/bad']) {
    clients.push(...(await load.client.createClients({ service: 'pi', count: 1, request: { path } })).clients);
  }
  const { producers } = await recording.client.startRecording({ experimentId: 'e1' });
  expect(producers).toHaveLength(Number(bus['galileo_client_threads'] ?? 1));
  const startAt = Date.now() / 1000 + 0.3;
  const offsets: number[][] = [];
  for (const [index, { clientId }] of clients.entries()) {
    const seed = clientSeed(7, index);
    const process = { $case: 'distribution' as const, value: { name: 'expovariate', parameters: [200] } };
    await load.client.setWorkload({ clientId, arrival: { process }, seed, startAt, duration: 1 });
    const schedule = createSchedule({
      arrival: { kind: 'distribution', name: 'expovariate', parameters: [200] },
      seed,
      duration: 1,
    });
    const times: number[] = [];
    for (let time = schedule.next(); time !== undefined; time = schedule.next()) times.push(time);
    offsets.push(times);
  }
  for await (const { idle } of load.client.watchStatistics({ interval: 0.1 })) if (idle) break;
  const { ledger } = await recording.client.stopRecording({ experimentId: 'e1' });

  const total = offsets.flat().length;
  const entry = { produced: total, stored: total, rejected: 0, lost: 0 };
  expect(ledger).toMatchObject({ final: true, mismatches: [], missingProducers: [] });
  expect(ledger!.entries).toContainEqual(expect.objectContaining(entry));
  using store = new DatabaseSync(join(directory.path, 'galileo.db'), { readOnly: true });
  for (const [index, { clientId }] of clients.entries()) {
    const rows = store
      .prepare('SELECT CREATED, STATUS FROM traces WHERE EXP_ID = ? AND CLIENT = ? ORDER BY CREATED')
      .all('e1', clientId) as { CREATED: number; STATUS: number }[];
    expect(rows.map(row => Math.round((row.CREATED - startAt) * 1e6))).toEqual(offsets[index]);
    expect(new Set(rows.map(row => row.STATUS))).toEqual(new Set([index === 0 ? 200 : 503]));
  }
  expect(await worker.terminate()).toEqual([0, null]);
  expect(await recorder.terminate()).toEqual([0, null]);
}
