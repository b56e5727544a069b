import { missing } from '@galileo/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { experimentFile } from './application.ts';
import { connectTo, FAILED, FINISHED, type Surroundings, startSurroundings } from './surroundings.ts';

const lacking = missing('redis-server') || missing('etcd') || missing('etcdctl');
const needs = '(needs redis-server, etcd, etcdctl)';

describe.skipIf(lacking)(`what is lost in the run ${needs}`, () => {
  let around: Surroundings;

  beforeAll(async () => {
    around = await startSurroundings({ etcd: true });
    await Promise.all([around.ready('client', { galileo_worker_name: 'one' }), around.ready('loadbalancer')]);
  }, 30_000);

  afterAll(async () => {
    await around?.[Symbol.asyncDispose]();
  });

  test('the recorder comes back, and the ledger is settled', async () => {
    await using orchestrator = await around.start('orchestrator');
    using system = await connectTo(orchestrator, around.directory);
    let restarted: Promise<void> | undefined;
    const id = await system.submit(experimentFile({ duration: '4s' }));
    const { status, reason } = await system.follow(id, ({ load }) => {
      if (load !== undefined && load.completed > 50) restarted ??= around.restartRecorder();
    });
    await restarted;
    expect([status, reason]).toEqual([FINISHED, '']);
    const report = await system.report(id);
    expect(report.notes[0]).toBe(`the recorder at ${around.recorder} was lost in the run`);
    expect(report.notes[1]).toMatch(/^the recorder at \S+ was back after \d+\.\d s$/);
    expect(report.intended).toBe(398);
    expect(report.ledger!.final).toBe(true);
    const { produced, stored, rejected, lost } = report.ledger!.entries[0]!;
    expect([produced, rejected]).toEqual([398, 0]);
    expect(stored + lost).toBe(produced);
  }, 40_000);

  test('etcd stays away: what can not be removed is named, and the next experiment waits for it', async () => {
    await using orchestrator = await around.start('orchestrator', { galileo_fleet_timeout: '1s' });
    using system = await connectTo(orchestrator, around.directory);
    const { etcd } = around;
    let killed: Promise<unknown> | undefined;
    const id = await system.submit(experimentFile({ duration: '3s' }));
    const { status, reason, notices } = await system.follow(id, ({ load }) => {
      if (load !== undefined && load.completed > 50) killed ??= etcd!.kill();
    });
    await killed;
    expect([status, reason]).toEqual([FINISHED, '']);
    expect(notices[0]).toBe(`etcd at ${etcd!.address} was lost in the run`);
    expect(notices.at(-1)).toMatch(/^removing the weights of app in zone main did not succeed within 10 s: /);
    expect((await system.report(id)).notes).toEqual(expect.arrayContaining(notices));

    const next = await system.follow(await system.submit(experimentFile()));
    expect([next.status, next.reason]).toEqual([FAILED, `etcd at ${etcd!.address} was not reached within 1 s`]);
    expect(next.phases).toContain(`waiting for etcd at ${etcd!.address}`);
    expect(await orchestrator.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  }, 40_000);
});

describe.skipIf(missing('redis-server'))('Redis that is away (needs redis-server)', () => {
  let around: Surroundings;

  beforeAll(async () => {
    around = await startSurroundings({ etcd: false });
  });

  afterAll(async () => {
    await around?.[Symbol.asyncDispose]();
  });

  test('is waited for at the start, and missed in the run without ending it; the report says so', async () => {
    await around.redis.kill();
    await using orchestrator = await around.start('orchestrator');
    using system = await connectTo(orchestrator, around.directory);
    const services = await Promise.all([
      around.start('telemd', { telemd_nodename: 'node-a' }),
      around.start('client', { galileo_worker_name: 'one' }),
      around.start('loadbalancer'),
    ]);
    await using _services = {
      async [Symbol.asyncDispose]() {
        for (const service of services) await service[Symbol.asyncDispose]();
      },
    };
    const id = await system.submit(experimentFile({ duration: '6s' }));
    let back = false;
    let killed = false;
    const { status, reason, phases, notices } = await system.follow(id, async ({ phase, load }) => {
      if (!back && phase === `waiting for Redis at ${around.redis.address}`) {
        back = true;
        await around.redis.restart();
      }
      if (!killed && load !== undefined && load.completed > 50) {
        killed = true;
        await around.redis.restart();
      }
    });
    expect([status, reason]).toEqual([FINISHED, '']);
    expect([back, killed]).toEqual([true, true]);
    expect(phases).toContain(`waiting for Redis at ${around.redis.address}`);
    expect(notices[0]).toBe(`Redis at ${around.redis.address} was lost in the run`);
    const report = await system.report(id);
    expect(report.notes.slice(0, 2)).toEqual([
      `Redis at ${around.redis.address} was lost in the run`,
      expect.stringMatching(/ was back after \d+\.\d s$/),
    ]);
    // The load went on: what was lost is the record of some requests.
    expect(report.intended).toBe(598);
    const { produced, stored, lost } = report.ledger!.entries[0]!;
    expect(produced).toBe(598);
    expect(stored + lost).toBe(produced);
    expect(await around.redis.client().keys('routing:*')).toEqual([]);
  }, 60_000);
});
