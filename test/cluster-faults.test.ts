import { setTimeout as sleep } from 'node:timers/promises';
import { type FaultProxy, missing, startFaultProxy, until } from '@galileo/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, type MemberName, members, type Outcome, startCluster } from './cluster.ts';
import {
  balanced,
  createRandom,
  expectBalance,
  expectedEntries,
  expectNoLoss,
  expectWorks,
  type Report,
  requestsOf,
  rows,
  serves,
  startRun,
  untilEntries,
  untilServing,
} from './cluster-experiment.ts';

const lacking = missing('redis-server') || missing('etcd') || missing('etcdctl');
const needs = '(needs redis-server, etcd, etcdctl)';
const random = createRandom('faults');

/** What each member needs to serve. */
const dependencies: Readonly<Record<MemberName, readonly string[]>> = {
  recorder: ['recorder', 'redis'],
  orchestrator: ['recorder', 'redis', 'etcd'],
  loadbalancer: ['etcd'],
  'client-a': ['recorder', 'redis'],
  'client-b': ['recorder', 'redis'],
  'telemd-a': ['recorder', 'redis'],
  'telemd-b': ['recorder', 'redis'],
};

/** Lines of a log that warn of the same more than once, by what they are about. */
function repeated(cluster: Cluster, name: MemberName): string[] {
  const about = cluster
    .member(name)
    .log()
    .filter(({ level }) => level >= 40)
    .map(line => [line.msg, line['connection'], line['stream'], line['etcd']].filter(Boolean).join(', '));
  return about.filter((text, index) => about.indexOf(text) !== index);
}

describe.skipIf(lacking)(`dependencies that are absent at the start ${needs}`, () => {
  test('are waited for with one line each, and all come up by themselves in whatever order they come', async () => {
    await using cluster = await startCluster({ without: members });
    await Promise.all([cluster.redis.kill(), cluster.etcd.kill()]);
    const first = members.filter(name => name !== 'recorder');
    await Promise.all(first.map(name => cluster.start(name)));
    const starts: Record<string, () => Promise<unknown>> = {
      redis: () => cluster.redis.restart(),
      etcd: () => cluster.etcd.restart(),
      recorder: () => cluster.start('recorder'),
    };
    const order = Object.keys(starts).sort(() => random(0, 1) - 0.5);
    console.log(`they come in the order ${order.join(', ')}`);
    const there: string[] = [];
    for (const next of order) {
      const alive = there.includes('recorder') ? members : first;
      const serving = alive.filter(name => dependencies[name].every(needed => there.includes(needed)));
      await untilServing(cluster, serving, alive);
      for (const name of alive) expect([name, repeated(cluster, name)]).toEqual([name, []]);
      if (there.length === 0) {
        const outcomes = await Promise.all(first.map(name => cluster.health(name)));
        expect(outcomes.map(({ code }) => code)).toEqual(first.map(() => 1));
        for (const { stderr } of outcomes) expect(stderr).toContain('runs and does not serve');
      }
      await starts[next]!();
      there.push(next);
    }
    await untilServing(cluster);
    await untilEntries(cluster, expectedEntries.idle);
    for (const name of members) expect([name, repeated(cluster, name)]).toEqual([name, []]);
    const outcome = await cluster.health('client-a');
    expect(outcome.code, outcome.stderr).toBe(0);
    await expectWorks(cluster);
  }, 120_000);
});

/** When something was away, UNIX seconds. */
interface Absence {
  readonly begin: number;
  readonly end: number;
}

const now = () => Date.now() / 1000;

describe.skipIf(lacking)(`faults in the middle of the load ${needs}`, () => {
  let cluster: Cluster;
  let proxy: FaultProxy;

  /** The recorder's way to Redis can be cut. */
  const startRecorder = () =>
    cluster.start('recorder', { galileo_redis_host: proxy.host, galileo_redis_port: String(proxy.port) });

  beforeAll(async () => {
    cluster = await startCluster({ without: ['recorder'] });
    proxy = await startFaultProxy(cluster.redis.address);
    await startRecorder();
    await cluster.ready();
    await untilEntries(cluster, expectedEntries.idle);
  }, 60_000);

  afterAll(async () => {
    await cluster?.[Symbol.asyncDispose]();
    await proxy?.[Symbol.asyncDispose]();
  });

  /** Runs an experiment in which something happens at a random moment. */
  async function underLoad<T>(duration: number, fault: (id: string) => Promise<T>) {
    const before = await balanced(cluster);
    await using run = await startRun(cluster, duration);
    await run.stored(Math.round(random(20, 120)));
    const result = await fault(run.id);
    return { before, id: run.id, result, ...(await run.ended()) };
  }

  /** Does something, and undoes it 2 to 3 s later. */
  async function forSomeSeconds(begin: () => unknown, end: () => unknown): Promise<Absence> {
    const begun = now();
    await begin();
    await sleep(random(2000, 3000));
    await end();
    return { begin: begun, end: now() };
  }

  /** What a test has ended is started again; then everything is as it was. */
  afterEach(async () => {
    await Promise.all(members.filter(name => !cluster.member(name).running).map(name => cluster.start(name)));
    await untilEntries(cluster, expectedEntries.idle);
    await untilServing(cluster);
  }, 60_000);

  /** All requests were sent and answered, whatever became of their records. */
  async function expectUndisturbed(
    { report, stderr }: Outcome & { report: Report },
    duration: number,
    before: { requests: number },
  ) {
    expect([report.experiment.status, report.reason], stderr).toEqual(['FINISHED', null]);
    const requests = requestsOf(duration);
    expect(report.generator).toMatchObject({ intended: requests, released: requests });
    expect(report.ledger.traces.produced).toBe(requests);
    expect(report.services['pi']).toMatchObject({ errors: 0, error_kinds: {} });
    const after = await balanced(cluster);
    expect([after.requests - before.requests, after.errors]).toEqual([requests, 0]);
  }

  /** What was published while something was away has been sent again. */
  function expectRepaired(report: Report) {
    expectBalance(cluster, report);
    expectNoLoss(report);
    // On a busy machine the generator may be late, which is another matter.
    expect(report.verdict.reasons.filter(reason => !reason.startsWith('The generator was late'))).toEqual([]);
  }

  test('Redis killed and started again, empty: the load goes on, all register again, nothing is lost', async () => {
    const duration = 8;
    const outcome = await underLoad(duration, async () => {
      await forSomeSeconds(
        () => cluster.redis.kill(),
        () => cluster.redis.restart(),
      );
      await untilEntries(cluster, expectedEntries.loaded);
      await untilServing(cluster);
    });
    await expectUndisturbed(outcome, duration, outcome.before);
    expectRepaired(outcome.report);
    expect(outcome.report.notes.slice(0, 2)).toEqual([
      `Redis at ${cluster.redis.address} was lost in the run`,
      expect.stringMatching(/^Redis at \S+ was back after \d+\.\d s$/),
    ]);
  }, 60_000);

  test('the recorder killed and started again: the load goes on, and what was published meanwhile is sent again', async () => {
    const duration = 7;
    const outcome = await underLoad(duration, () =>
      forSomeSeconds(
        () => cluster.member('recorder').kill(),
        async () => (await startRecorder()).ready(),
      ),
    );
    await expectUndisturbed(outcome, duration, outcome.before);
    expectRepaired(outcome.report);
  }, 60_000);

  test('the recorder cut off from Redis for 3 s: what was published meanwhile is sent again', async () => {
    const duration = 7;
    const outcome = await underLoad(duration, async () => {
      await proxy.cut();
      await sleep(3000);
      await proxy.heal();
    });
    await expectUndisturbed(outcome, duration, outcome.before);
    expectRepaired(outcome.report);
  }, 60_000);

  test('etcd killed and started again: nothing is lost, and the weights stay', async () => {
    const duration = 6;
    const outcome = await underLoad(duration, async () => {
      await forSomeSeconds(
        () => cluster.etcd.kill(),
        () => cluster.etcd.restart(),
      );
      await untilEntries(cluster, expectedEntries.loaded);
    });
    await expectUndisturbed(outcome, duration, outcome.before);
    expectBalance(cluster, outcome.report);
    expectNoLoss(outcome.report);
  }, 60_000);

  test('Redis that stands still for 8 s: all connect again, nothing is lost', async () => {
    const duration = 13;
    const outcome = await underLoad(duration, async () => {
      cluster.redis.pause();
      await sleep(8000);
      cluster.redis.resume();
      await untilEntries(cluster, expectedEntries.loaded);
    });
    await expectUndisturbed(outcome, duration, outcome.before);
    expectRepaired(outcome.report);
  }, 60_000);

  test('the load balancer killed and started again: requests fail meanwhile and are counted, its weights come back', async () => {
    const duration = 7;
    const { report, result } = await underLoad(duration, () =>
      forSomeSeconds(
        () => cluster.member('loadbalancer').kill(),
        async () => {
          await (await cluster.start('loadbalancer')).ready();
          // It serves when it has its weights.
          await until('it serves', () => serves(cluster, 'loadbalancer'));
        },
      ),
    );
    expect([report.experiment.status, report.reason]).toEqual(['FINISHED', null]);
    expectBalance(cluster, report);
    expectNoLoss(report);
    expect(report.ledger.traces.produced).toBe(requestsOf(duration));
    const failed = rows<{ created: number; done: number }>(
      cluster.store,
      'SELECT CREATED AS created, DONE AS done FROM traces WHERE EXP_ID = ? AND STATUS <> 200',
      report.experiment.id,
    );
    expect(report.services['pi']!.errors).toBe(failed.length);
    expect(failed.length).toBeGreaterThan(100);
    for (const { created, done } of failed) {
      expect(done).toBeGreaterThan(result.begin - 0.1);
      expect(created).toBeLessThan(result.end + 0.5);
    }
    const succeeded = 'SELECT COUNT(*) AS n FROM traces WHERE EXP_ID = ? AND STATUS = 200 AND DONE > ?';
    const [later] = rows<{ n: number }>(cluster.store, succeeded, report.experiment.id, result.begin + 0.1);
    expect(await balanced(cluster)).toEqual({ requests: later!.n, errors: 0 });
  }, 60_000);

  test('a telemetry agent killed and started again: the experiment goes on, and what it left is stored', async () => {
    const duration = 6;
    const outcome = await underLoad(duration, async () => {
      await forSomeSeconds(
        () => cluster.member('telemd-a').kill(),
        async () => (await cluster.start('telemd-a')).ready(),
      );
    });
    await expectUndisturbed(outcome, duration, outcome.before);
    expectRepaired(outcome.report);
  }, 60_000);

  test('a load client killed: the experiment fails and says so, and the ledger holds what is known', async () => {
    const { code, report } = await underLoad(8, () => cluster.member('client-a').kill());
    expect([code, report.experiment.status]).toEqual([1, 'FAILED']);
    expect(report.reason).toMatch(/^load client worker-a was lost: /);
    expectBalance(cluster, report);
    expect(report.reconciliation.final).toBe(false);
    expect(report.reconciliation.missing_producers).toEqual([expect.stringMatching(/^client\/worker-a\//)]);
  }, 60_000);

  test('the orchestrator killed and started again: the experiment has failed, and nothing of it is left', async () => {
    await using run = await startRun(cluster, 30);
    await run.stored(Math.round(random(20, 120)));
    const pids = rows<{ value: string }>(
      cluster.store,
      "SELECT VALUE AS value FROM events WHERE EXP_ID = ? AND NAME = 'replica_start'",
      run.id,
    ).map(({ value }) => JSON.parse(value).pid);
    expect(pids.map(runs)).toEqual([true, true]);
    await cluster.member('orchestrator').kill();
    const { code, stderr, stdout } = await run.command.outcome;
    expect(code).toBe(1);
    expect(stderr).toContain(
      `galileo: ${run.id}: the orchestrator at ${cluster.orchestrator} was lost while the experiment was RUNNING (`,
    );
    expect(JSON.parse(stdout).reason).toContain(`"galileo report ${run.id}" tells what became of the experiment`);
    await until('the replicas are gone', () => !pids.some(runs));
    await (await cluster.start('orchestrator')).ready();
    await untilEntries(cluster, expectedEntries.idle);
    const settled = async () => {
      const report = JSON.parse((await cluster.galileo(['report', '--json', run.id])).stdout) as Report;
      return report.reconciliation.final ? report : undefined;
    };
    const report = await until('the ledger is settled', settled);
    expect([report.experiment.status, report.reason]).toEqual([
      'FAILED',
      'the orchestrator ended while the experiment was RUNNING',
    ]);
    expectBalance(cluster, report);
    expectNoLoss(report);
    await expectWorks(cluster);
  }, 60_000);
});

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
