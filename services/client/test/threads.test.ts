import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeHistogram } from '@galileo/analysis';
import { readConfig } from '@galileo/service';
import { startUpstream, temporaryDirectory, until } from '@galileo/testkit';
import type { Trace } from '@galileo/wire';
import { createSchedule, scheduleHash } from '@galileo/workload';
import { describe, expect, it } from 'vitest';
import { variables } from '../src/config.ts';
import { openThreadShard } from '../src/shards/thread-shard.ts';
import { appsDirectory } from './apps-directory.ts';
import { startWorker, type Worker } from './worker.ts';

/** Starts a worker with three threads. */
const startThreads = (env: Readonly<Record<string, string>> = {}) => startWorker({ galileo_client_threads: '3', ...env });

/** A server that keeps the paths it was asked for. */
async function startTarget() {
  const paths: string[] = [];
  const upstream = await startUpstream((request, response) => {
    paths.push(request.url!);
    response.end('ok');
  });
  return { ...upstream, paths };
}

const countersOf = (worker: Worker) => worker.traces.map(({ requestId }) => Number(requestId.split(':')[1]));

describe('a worker with several threads', () => {
  it('spreads its clients over them, and tells their figures as one', async () => {
    await using target = await startTarget();
    await using worker = await startThreads();
    const clients = await worker.clients(7, target.address);
    expect(clients.map(({ clientId }) => clientId)).toEqual([0, 1, 2, 3, 4, 5, 6].map(n => `w:pi:${n}`));
    const startAt = worker.clock.now() + 0.3;
    const watching = worker.watch(0.05);
    for (const { clientId } of clients) await worker.load(clientId, { requests: 20, gap: 0.005, startAt });
    const messages = await watching;
    const last = messages.at(-1)!;
    expect(last).toMatchObject({ intended: 140, released: 140, completed: 140, failed: 0, inFlight: 0, idle: true, faults: [] });
    expect(decodeHistogram(last.releaseError).count).toBe(140);
    expect(decodeHistogram(last.queueing).count).toBe(140);
    expect(messages.reduce((sum, { latency }) => sum + decodeHistogram(latency).count, 0)).toBe(140);
    await until('all traces', () => worker.traces.length === 140);
    for (const { clientId, token } of clients) {
      const own = worker.traces.filter(({ client }) => client === clientId);
      expect(own.map(({ requestId }) => requestId).toSorted()).toEqual(
        Array.from({ length: 20 }, (_, i) => `${token}:${i + 1}`).toSorted(),
      );
    }
    const arrival = { kind: 'distribution', name: 'constant', parameters: [0.005], requests: 20 } as const;
    const { hash } = scheduleHash(createSchedule({ arrival, seed: 1 }));
    const { clients: listed } = await worker.rpc.listClients({});
    expect(listed.map(({ requests, busy, scheduleHash: found }) => [requests, busy, found])).toEqual(
      clients.map(() => [20, false, hash]),
    );
  });

  it('goes by the routes as they are now, stops at once, and closes clients with what they have on the way', async () => {
    const held: (() => void)[] = [];
    await using slow = await startUpstream((_, response) => held.push(() => response.end()));
    await using target = await startTarget();
    await using worker = await startThreads();
    const clients = await worker.clients(3, slow.address);
    for (const { clientId } of clients) await worker.load(clientId, { requests: 1, gap: 0 });
    await until('the requests', () => held.length === 3);
    await worker.rpc.setRoutes({ routes: [{ service: 'pi', hosts: [target.address], weights: [1] }] });
    for (const { clientId } of clients) await worker.load(clientId, { gap: 0.001, requests: 1_000_000 });
    await until('requests on the new route', () => target.paths.length > 30);
    for (const { clientId } of clients) await worker.rpc.stopWorkload({ clientId });
    const states = await until('the end of them', async () => {
      const { clients: listed } = await worker.rpc.listClients({});
      return listed.every(({ busy }) => busy) ? listed : undefined;
    });
    const done = states.reduce((sum, { requests }) => sum + requests, 0);
    const ids = clients.map(({ clientId }) => clientId);
    expect((await worker.rpc.closeClients({ clientIds: [...ids, 'nobody'] })).clientIds).toEqual(ids);
    // Those that were held are the first of their clients.
    const isHeld = ({ status, requestId }: Trace) => status < 0 && requestId.endsWith(':1');
    await until('the cancelled', () => worker.traces.filter(isHeld).length === 3);
    expect(worker.traces.length).toBeGreaterThanOrEqual(done + 3);
    expect((await worker.rpc.listClients({})).clients).toEqual([]);
    for (const answer of held) answer();
  });

  it('begins its figures anew with the first clients after there were none', async () => {
    await using target = await startTarget();
    await using worker = await startThreads();
    for (const count of [2, 4]) {
      const clients = await worker.clients(count, target.address);
      const startAt = worker.clock.now() + 0.2;
      for (const { clientId } of clients) await worker.load(clientId, { requests: 5, startAt });
      const messages = await worker.watch(0.3);
      expect(messages.at(-1)).toMatchObject({ completed: 5 * count, idle: true });
      await worker.rpc.closeClients({});
    }
  });

  it('gives each row of a table to one client, and a body in bytes to all', async () => {
    await using target = await startTarget();
    await using worker = await startThreads();
    await worker.rpc.setRoutes({ routes: [{ service: 'pi', hosts: [target.address], weights: [1] }] });
    const rows = Array.from({ length: 12 }, (_, i) => ({ cells: [`row-${i}`] }));
    const { clients } = await worker.rpc.createClients({
      service: 'pi',
      count: 4,
      request: {
        method: 'POST',
        path: '/{{row name}}',
        body: Buffer.from([0, 255]),
        rows: { columns: ['name'], rows },
        templated: true,
      },
    });
    for (const { clientId } of clients) await worker.load(clientId, { requests: 3 });
    await until('all requests', () => target.paths.length === 12);
    expect(target.paths.toSorted()).toEqual(rows.map(({ cells }) => `/${cells[0]}`).toSorted());
  });

  it('ends the one client whose app gives it no request, and no other', async () => {
    const only = "if (clientId.endsWith('1')) throw new Error('sold out');";
    await using apps = await appsDirectory({
      shop: `export const nextRequest = ({ clientId }) => { ${only} return { path: '/s' }; };`,
    });
    await using target = await startTarget();
    await using worker = await startThreads({ galileo_apps_dir: apps.path });
    await worker.rpc.setRoutes({ routes: [{ service: 'pi', hosts: [target.address], weights: [1] }] });
    const { clients } = await worker.rpc.createClients({ service: 'pi', count: 3, app: { name: 'shop' } });
    const startAt = worker.clock.now() + 0.2;
    for (const { clientId } of clients) await worker.load(clientId, { requests: 5, startAt });
    const { faults } = (await worker.watch(0.1)).at(-1)!;
    expect(faults).toEqual([expect.stringMatching(/^w:pi:1: app "shop": .*sold out/)]);
    expect(target.paths).toHaveLength(10);
    await expect(worker.load(clients[1]!.clientId, { requests: 1 })).rejects.toThrow(/sends nothing any more: .*sold out/);
  });

  it('records what is asked for while tracing is on, in all of them', async () => {
    await using target = await startTarget();
    await using worker = await startThreads();
    const clients = await worker.clients(3, target.address);
    const run = async () => {
      const before = target.paths.length;
      for (const { clientId } of clients) await worker.load(clientId, { requests: 4 });
      await until('the requests', () => target.paths.length === before + 12);
      await until('their end', async () => (await worker.rpc.listClients({})).clients.every(({ busy }) => !busy));
    };
    await worker.rpc.pauseTracing({});
    await run();
    await worker.rpc.startTracing({});
    await run();
    await until('the traces', () => worker.traces.length === 12);
    expect(countersOf(worker).toSorted((a, b) => a - b)).toEqual([5, 5, 5, 6, 6, 6, 7, 7, 7, 8, 8, 8]);
  });

  it('says what is wrong with its configuration as one with a single thread does', async () => {
    await using directory = await temporaryDirectory();
    const file = join(directory.path, 'file');
    await writeFile(file, '');
    const settings = { galileo_spool_dir: join(file, 'spool') };
    const one = await startWorker(settings).catch((error: Error) => error);
    const three = await startThreads(settings).catch((error: Error) => error);
    expect(one).toBeInstanceOf(Error);
    expect(String(three)).toBe(String(one));
    await expect(startThreads({ galileo_client_threads: '0' })).rejects.toThrow(/galileo_client_threads/);
  });

  it('fails with a thread that fails, and waits for nothing of it', async () => {
    const environment = { galileo_worker_name: 'w', galileo_trace_logging: 'none' };
    const config = { ...readConfig(variables, environment), labels: {}, worker: 'w' };
    const failures: unknown[] = [];
    const events = { onDone() {}, onFault() {}, onIdle() {}, onConnection() {} };
    const shard = await openThreadShard(config, { index: 1, of: 2 }, events, error => failures.push(error));
    await shard.ready();
    const taken = shard.take(7);
    await expect(taken).rejects.toThrow();
    shard.setRoutes(undefined as never);
    await until('the failure', () => failures.length > 0);
    expect(failures).toEqual([expect.any(TypeError)]);
    await expect(shard.ready()).rejects.toThrow(TypeError);
    await expect(shard[Symbol.asyncDispose]()).rejects.toThrow(TypeError);
  });
});
