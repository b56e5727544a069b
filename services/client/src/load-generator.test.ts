import { createHistogram } from '@galileo/analysis';
import { describe, expect, it } from 'vitest';
import { openLoadGenerator } from './load-generator.ts';
import type { RequestSpec } from './requests/request-spec.ts';
import type { Shard, ShardEvents } from './shards/shard.ts';

const spec: RequestSpec = {
  kind: 'constant',
  request: { method: 'GET', path: '/', headers: {}, body: undefined, timeout: 1 },
};
const plan = { kind: 'loop', loop: { concurrency: 1 } } as const;

/** Shards that only note what they are told, and begin whatever they are asked to. */
function startShards(count: number, overrides: Partial<Shard> = {}) {
  const told: string[][] = [];
  const events: ShardEvents[] = [];
  const runs: number[] = [];
  const openers = Array.from({ length: count }, (_, index) => async (ofShard: ShardEvents): Promise<Shard> => {
    const own: string[] = [];
    told[index] = own;
    events[index] = ofShard;
    const figures = { at: index, intended: 1, released: 1, completed: 1, failed: 0, inFlight: 0, idle: index === 0 };
    return {
      async ready() {},
      async warmUp() {},
      reset: () => void own.push('reset'),
      async create(service, _, clients) {
        own.push(`create ${service} ${clients.map(({ n }) => n).join()}`);
      },
      close: numbers => void own.push(`close ${numbers.join()}`),
      setRoutes: routes => void own.push(`routes ${routes.length}`),
      async start(n, run) {
        own.push(`start ${n}`);
        runs.push(run);
        return { at: 1 };
      },
      stop: n => void own.push(`stop ${n}`),
      states: async numbers => numbers.map(() => undefined),
      watch() {},
      unwatch() {},
      take: async () => {
        const [latency, releaseError, queueing] = [createHistogram(), createHistogram(), createHistogram()];
        latency.record(index + 1);
        return { ...figures, latency, releaseError, queueing };
      },
      trace: on => void own.push(`trace ${on}`),
      async [Symbol.asyncDispose]() {
        own.push('end');
      },
      ...overrides,
    };
  });
  return { openers, told, events, runs };
}

describe('a load generator', () => {
  it('spreads clients evenly, and figures begin anew with the first after there were none', async () => {
    const { openers, told } = startShards(2);
    const generator = await openLoadGenerator('w', openers);
    const made = [...(await generator.create('a', spec, 3)), ...(await generator.create('b', spec, 2))];
    expect(made.map(({ id }) => id)).toEqual(['w:a:0', 'w:a:1', 'w:a:2', 'w:b:3', 'w:b:4']);
    expect(new Set(made.map(({ token }) => token)).size).toBe(5);
    for (const { token } of made) expect(token).toMatch(/^[0-9a-f]{16}$/);
    expect(told).toEqual([
      ['reset', 'create a 0,2', 'create b 4'],
      ['reset', 'create a 1', 'create b 3'],
    ]);
    expect(generator.close(['w:a:0', 'nobody', 'w:a:0'])).toEqual(['w:a:0']);
    expect(generator.client('w:a:0')).toBeUndefined();
    generator.close(made.map(({ id }) => id));
    await generator.create('a', spec, 1);
    expect(told[1]!.filter(what => what === 'reset')).toHaveLength(2);
  });

  it('has no client of those that could not all be made', async () => {
    const { openers, told } = startShards(2, { create: () => Promise.reject(new Error('no transport')) });
    const generator = await openLoadGenerator('w', openers);
    await expect(generator.create('a', spec, 3)).rejects.toThrow('no transport');
    expect([...generator.clients()]).toEqual([]);
    expect(told.map(([, last]) => last)).toEqual(['close 0,2', 'close 1']);
  });

  it('tells the end of a workload once, and of none that was stopped, replaced or closed', async () => {
    const { openers, events, runs } = startShards(1);
    const generator = await openLoadGenerator('w', openers);
    const [client] = await generator.create('a', spec, 1);
    const told: string[] = [];
    const start = (name: string) => generator.start(client!, plan, {}, () => told.push(name));
    await start('replaced');
    await start('done');
    for (const run of [...runs, ...runs]) events[0]!.onDone(run);
    expect(told).toEqual(['done']);
    await start('stopped');
    generator.stop(client!);
    await start('closed');
    generator.close([client!.id]);
    for (const run of runs) events[0]!.onDone(run);
    expect(told).toEqual(['done']);
    expect(await start('late')).toEqual({ refusal: 'client_id: w:a:0 was closed' });
  });

  it('keeps its routes when new ones do not fit', async () => {
    const { openers, told } = startShards(2);
    const generator = await openLoadGenerator('w', openers);
    const route = { service: 'a', hosts: ['h:1'], weights: [1] };
    generator.setRoutes([route]);
    expect(() => generator.setRoutes([{ ...route, hosts: ['h:0'] }])).toThrow(/found host "h:0"/);
    expect(() => generator.setRoutes([route, route])).toThrow(/twice/);
    expect(generator.routes()).toEqual([route]);
    expect(told).toEqual([['routes 1'], ['routes 1']]);
  });

  it('adds up the figures of its shards, and is idle and connected when all are', async () => {
    const { openers, events } = startShards(2);
    const generator = await openLoadGenerator('w', openers);
    using watch = generator.watch(() => {});
    const figures = await watch.take();
    expect(figures).toMatchObject({ at: 1, intended: 2, completed: 2, idle: false });
    expect([figures.latency.count, figures.latency.max]).toEqual([2, 2]);
    const connected: boolean[] = [];
    generator.onConnection(is => connected.push(is));
    for (const index of [0, 1]) events[index]!.onConnection(true);
    events[0]!.onConnection(false);
    expect(connected).toEqual([false, false, true, false]);
  });

  it('ends the shards that there are when one can not be opened', async () => {
    const { openers, told } = startShards(1);
    await expect(openLoadGenerator('w', [...openers, () => Promise.reject(new Error('no'))])).rejects.toThrow('no');
    expect(told[0]).toEqual(['end']);
  });
});
