import { missing, type ServiceProcess, until } from '@galileo/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, type MemberName, members, startCluster } from './cluster.ts';
import {
  createRandom,
  entries,
  expectBalance,
  expectedEntries,
  expectNoLoss,
  expectWorks,
  type Report,
  requestsOf,
  startRun,
  untilEntries,
  untilServing,
} from './cluster-experiment.ts';

const lacking = missing('redis-server') || missing('etcd') || missing('etcdctl');
const needs = '(needs redis-server, etcd, etcdctl)';
const random = createRandom('ends');

/** Seconds that an ordered end may take. */
const limit = 10;

/** Ends a member by SIGTERM, which it has to obey in time and in order. */
async function terminate(cluster: Cluster, name: MemberName): Promise<void> {
  const member = cluster.member(name);
  const begin = performance.now();
  const exit = await member.kill('SIGTERM');
  const took = (performance.now() - begin) / 1000;
  expect([name, exit], lastLines(member)).toEqual([name, { code: 0, signal: null }]);
  expect(took, `${name} took so many seconds:\n${lastLines(member)}`).toBeLessThan(limit);
}

const lastLines = (member: ServiceProcess) => member.output().trimEnd().split('\n').slice(-8).join('\n');

/** One member of each service. */
const one = ['recorder', 'orchestrator', 'loadbalancer', 'client-a', 'telemd-a'] as const;

const nothing = { ...expectedEntries.idle, services: [], workers: [], labels: [], nodes: [] };

/** Entries of an idle cluster without those of one member. The info of a node stays, for recorders read it later. */
function without(name: MemberName): typeof expectedEntries.idle {
  const { services, workers, labels, ...others } = expectedEntries.idle;
  const kind = name.replace(/-[ab]$/, '');
  const rest = (all: string[]) => (name === 'client-a' ? all.filter(worker => worker !== 'worker-a') : all);
  return {
    ...others,
    services: services.toSpliced(services.indexOf(kind), 1),
    workers: rest(workers),
    labels: rest(labels),
  };
}

describe.skipIf(lacking)(`SIGTERM to services that wait for what they need ${needs}`, () => {
  const gone = ['redis', 'etcd', 'recorder'] as const;

  const cases: readonly { what: string; away: readonly (typeof gone)[number][] }[] = [
    { what: 'all of it', away: gone },
    { what: 'all but Redis', away: ['etcd', 'recorder'] },
    { what: 'Redis alone', away: ['redis'] },
  ];

  test.for(cases)('$what: they end in order and leave nothing', { timeout: 60_000 }, async ({ away }) => {
    const isAway = (what: (typeof gone)[number]) => away.includes(what);
    await using cluster = await startCluster({ without: members });
    if (isAway('redis')) await cluster.redis.kill();
    if (isAway('etcd')) await cluster.etcd.kill();
    const started = one.filter(name => name !== 'recorder' || !isAway('recorder') || isAway('redis'));
    await Promise.all(started.map(name => cluster.start(name)));
    const serving = started.filter(
      name => (name === 'loadbalancer' && !isAway('etcd')) || (name === 'recorder' && !isAway('redis')),
    );
    await untilServing(cluster, serving, started);
    await Promise.all(started.map(name => terminate(cluster, name)));
    if (isAway('redis')) await cluster.redis.restart();
    if (isAway('etcd')) await cluster.etcd.restart();
    // The info of a node stays, for recorders read it later.
    expect({ ...(await entries(cluster)), nodes: [] }).toEqual(nothing);
  });
});

describe.skipIf(lacking)(`an ordered end ${needs}`, () => {
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await startCluster();
    await cluster.ready();
    await expectIdle();
  }, 60_000);

  afterAll(async () => {
    await cluster?.[Symbol.asyncDispose]();
  });

  /** What a test has ended is started again; then everything is as it was. */
  afterEach(async () => {
    await Promise.all(members.filter(name => !cluster.member(name).running).map(name => cluster.start(name)));
    await expectIdle();
  }, 60_000);

  async function expectIdle() {
    await untilServing(cluster);
    await untilEntries(cluster, expectedEntries.idle);
  }

  /** Does something in the middle of an experiment. */
  async function underLoad(duration: number, action: (id: string) => Promise<unknown>) {
    await using run = await startRun(cluster, duration);
    await run.stored(Math.round(random(20, 120)));
    await action(run.id);
    return { id: run.id, ...(await run.ended()) };
  }

  test('of each service that is idle leaves nothing of it, and the others as they are', async () => {
    for (const name of one) {
      await terminate(cluster, name);
      await untilEntries(cluster, without(name));
      await cluster.start(name);
      await expectIdle();
    }
  }, 60_000);

  test('of a telemetry agent in the middle of the load: the experiment goes on, nothing is lost', async () => {
    const { report } = await underLoad(3, () => terminate(cluster, 'telemd-a'));
    expect([report.experiment.status, report.reason]).toEqual(['FINISHED', null]);
    expectBalance(cluster, report);
    expectNoLoss(report);
    expect(report.ledger.traces.produced).toBe(requestsOf(3));
    await untilEntries(cluster, without('telemd-a'));
  }, 60_000);

  test('of the load balancer in the middle of the load: the experiment goes on, requests fail and are counted', async () => {
    const { report } = await underLoad(3, () => terminate(cluster, 'loadbalancer'));
    expect([report.experiment.status, report.reason]).toEqual(['FINISHED', null]);
    expectBalance(cluster, report);
    expectNoLoss(report);
    expect(report.ledger.traces.produced).toBe(requestsOf(3));
    const { requests, errors, error_kinds: kinds } = report.services['pi']!;
    expect(requests).toBe(requestsOf(3));
    expect(errors).toBeGreaterThan(50);
    expect(Object.values(kinds).reduce((sum, count) => sum + count, 0)).toBe(errors);
    await untilEntries(cluster, without('loadbalancer'));
  }, 60_000);

  test('of a load client in the middle of the load: the experiment fails, its ledger is complete', async () => {
    const { code, report } = await underLoad(30, () => terminate(cluster, 'client-a'));
    expect([code, report.experiment.status]).toEqual([1, 'FAILED']);
    expect(report.reason).toMatch(/^load client worker-a was lost: /);
    expectBalance(cluster, report);
    expectNoLoss(report);
    await untilEntries(cluster, without('client-a'));
  }, 60_000);

  test('of the recorder in the middle of the load: another one goes on with the recording', async () => {
    const { report } = await underLoad(5, async () => {
      await terminate(cluster, 'recorder');
      const { services } = await entries(cluster);
      expect(services).not.toContain('recorder');
      await (await cluster.start('recorder')).ready();
    });
    expect([report.experiment.status, report.reason]).toEqual(['FINISHED', null]);
    expectBalance(cluster, report);
    expect(report.ledger.traces.produced).toBe(requestsOf(5));
    expectNoLoss(report);
  }, 60_000);

  test('of the orchestrator in the middle of the load: the experiment has failed, everything is taken back', async () => {
    const { id, code, report, stderr } = await underLoad(30, () => terminate(cluster, 'orchestrator'));
    expect([code, report.experiment.status], stderr).toEqual([1, 'FAILED']);
    expect(report.reason).toMatch(/^the orchestrator was stopped; the orchestrator at \S+ was lost \(.*"galileo report /);
    await untilEntries(cluster, without('orchestrator'));
    await (await cluster.start('orchestrator')).ready();
    const shown = JSON.parse((await cluster.galileo(['report', '--json', id])).stdout) as Report;
    expect([shown.experiment.status, shown.reason]).toEqual(['FAILED', 'the orchestrator was stopped']);
    expectBalance(cluster, shown);
    expectNoLoss(shown);
  }, 60_000);

  test('of the command in the middle of the load (Ctrl-C): cancelled, a report of what there is, all goes on', async () => {
    await using run = await startRun(cluster, 30);
    await run.stored(Math.round(random(20, 120)));
    await run.command.program.kill('SIGINT');
    const { code, report, stderr } = await run.ended();
    expect([code, report.experiment.status, report.reason], stderr).toEqual([130, 'CANCELLED', 'on request']);
    expectBalance(cluster, report);
    expectNoLoss(report);
    const { requests } = report.services['pi']!;
    expect(requests).toBe(report.ledger.traces.produced);
    expect(requests).toBeGreaterThanOrEqual(20);
    await untilEntries(cluster, expectedEntries.idle);
    await expectWorks(cluster);
  }, 60_000);

  test('of all services in the middle of the load while Redis and etcd are down', async () => {
    await using run = await startRun(cluster, 30);
    await run.stored(Math.round(random(20, 120)));
    await Promise.all([cluster.redis.kill(), cluster.etcd.kill()]);
    await until('the loss was noticed', async () => /Redis at \S+ was lost in the run/.test(await run.command.progress()));
    await Promise.all(members.map(name => terminate(cluster, name)));
    expect((await run.command.outcome).code).toBe(1);
    await Promise.all([cluster.redis.restart(), cluster.etcd.restart()]);
    for (const name of members) await cluster.start(name);
    await expectIdle();
    await expectWorks(cluster);
  }, 90_000);

  test('of all services while Redis stands still', async () => {
    cluster.redis.pause();
    await Promise.all(members.map(name => terminate(cluster, name)));
    cluster.redis.resume();
  }, 60_000);
});
