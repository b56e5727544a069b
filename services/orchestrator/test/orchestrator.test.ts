import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openStore } from '@galileo/expdb';
import {
  ExperimentStatus,
  OrchestratorDefinition,
  type SubmitExperimentRequest,
  type WatchExperimentResponse,
} from '@galileo/proto/orchestrator';
import { RecordKind } from '@galileo/proto/recorder';
import { connect, createClock, readConfig } from '@galileo/service';
import { silentLog, temporaryDirectory, until } from '@galileo/testkit';
import { clientSeed, combinedHash, createSchedule, scheduleHash } from '@galileo/workload';
import { ClientError, Status } from 'nice-grpc';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { variables } from '../src/config.ts';
import { type Orchestrator, startOrchestrator } from '../src/service.ts';
import { experimentFile } from './application.ts';
import { parentOf, runs } from './processes.ts';
import { programOf, startServiceProcess } from './service-process.ts';

/** Recorder and telemd as processes, the orchestrator in this one, with a fleet that it starts itself. */
async function startSystem() {
  const directory = await temporaryDirectory();
  const token = 'secret of the test';
  const data = { galileo_token: token, galileo_data_dir: directory.path, galileo_bus: 'direct' };
  const recorder = await startServiceProcess('recorder', data);
  const address = recorder.addresses['grpc']!;
  const telemd = await startServiceProcess('telemd', { ...data, galileo_recorder: address });
  const program = (name: string) => [process.execPath, programOf(name)];
  const start = () =>
    startOrchestrator(
      {
        ...readConfig(variables, { galileo_grpc_listen: '127.0.0.1:0', ...data }),
        recorder: address,
        telemds: [telemd.addresses['grpc']!],
        programs: { loadbalancer: program('loadbalancer'), client: program('client') },
      },
      { log: silentLog, clock: createClock() },
    );
  const dispose = async () => {
    await telemd[Symbol.asyncDispose]();
    await recorder[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  };
  return { directory: directory.path, token, start, [Symbol.asyncDispose]: dispose };
}

type System = Awaited<ReturnType<typeof startSystem>>;
let system: System;
let orchestrator: Orchestrator;
let connection: ReturnType<typeof connectTo>;

const connectTo = (running: Orchestrator) =>
  connect(OrchestratorDefinition, running.addresses['grpc']!, { credentials: { token: system.token }, timeout: 30 });

beforeAll(async () => {
  system = await startSystem();
  orchestrator = await system.start();
  connection = connectTo(orchestrator);
});

afterAll(async () => {
  connection?.[Symbol.dispose]();
  await orchestrator?.[Symbol.asyncDispose]();
  await system?.[Symbol.asyncDispose]();
});

function submit(file: string, more: Partial<SubmitExperimentRequest> = {}) {
  return connection.client.submitExperiment({
    file,
    fileName: 'small.yaml',
    directory: system.directory,
    creator: 'me',
    ...more,
  });
}

/** Follows an experiment to its end. */
async function follow(experimentId: string, onUpdate: (update: WatchExperimentResponse) => void = () => {}) {
  const updates: WatchExperimentResponse[] = [];
  for await (const update of connection.client.watchExperiment({ experimentId })) {
    updates.push(update);
    onUpdate(update);
  }
  return updates;
}

function statuses(updates: readonly WatchExperimentResponse[]): string[] {
  const names = updates.map(
    ({ experiment }) => Object.entries(ExperimentStatus).find(([, value]) => value === experiment!.status)![0],
  );
  return names.filter((name, index) => name !== names[index - 1]);
}

async function refusal(call: Promise<unknown>): Promise<ClientError> {
  const error = await call.then(
    () => undefined,
    reason => reason,
  );
  expect(error).toBeInstanceOf(ClientError);
  return error as ClientError;
}

/** Process ids of an experiment's replicas, from their events. */
async function replicasOf(id: string) {
  await using store = await openStore({ path: join(system.directory, 'galileo.db') });
  const events = await store.events(id);
  return events
    .filter(event => event.name === 'replica_start')
    .map(event => JSON.parse(event.value!) as { name: string; pid: number; address: string });
}

async function report(experimentId: string) {
  return (await connection.client.getReport({ experimentId })).report!;
}

describe('an experiment', () => {
  test('is carried out, recorded to the last record, split by weights, cleaned up and reported', async () => {
    const thresholds = 'thresholds: ["errors < 1%", "requests >= 1", "latency.p99 < 1us"]';
    const { experimentId } = await submit(experimentFile({ more: thresholds }));
    expect(experimentId).toMatch(/^\d{12}-[0-9a-f]{4}$/);
    const updates = await follow(experimentId);
    expect(statuses(updates).join(' ')).toMatch(/^(QUEUED )?PREPARING RUNNING FINALIZING FINISHED$/);
    expect(updates.at(-1)!.experiment).toMatchObject({ id: experimentId, name: 'small', creator: 'me', reason: '' });
    expect(updates.some(update => update.load !== undefined && update.load.achievedRate > 0)).toBe(true);
    expect(updates.some(update => update.remaining > 0)).toBe(true);
    expect(updates.map(update => update.phase)).toContain('generating load');

    const { experiment, ledger, services, verdict, thresholds: results, processes, nodes, ...rest } = await report(experimentId);
    expect(experiment!.status).toBe(ExperimentStatus.FINISHED);
    // 2 clients, a request each 20 ms from the first gap on, none at the end of the 2 s itself.
    expect(rest.intended).toBe(198);
    expect(rest.released).toBe(198);
    const arrival = { kind: 'distribution', name: 'constant', parameters: [0.02] } as const;
    const hashes = [0, 1].map(index => scheduleHash(createSchedule({ arrival, seed: clientSeed(42, index), duration: 2 })).hash);
    expect(rest.scheduleHash).toBe(combinedHash(hashes));
    expect((await connection.client.getExperiment({ experimentId })).scheduleHash).toBe(rest.scheduleHash);
    expect(ledger!.mismatches).toEqual([]);
    expect(ledger!.final).toBe(true);
    expect(ledger!.entries.map(entry => entry.kind)).toEqual([RecordKind.TRACE, RecordKind.TELEMETRY, RecordKind.EVENT]);
    for (const { produced, stored, rejected, lost } of ledger!.entries) {
      expect(produced).toBeGreaterThan(0);
      expect([stored, rejected, lost]).toEqual([produced, 0, 0]);
    }
    expect(ledger!.entries[0]!.produced).toBe(198);
    const [app] = services;
    expect(app).toMatchObject({ name: 'app', requests: 198, errors: 0 });
    const split = app!.replicas.map(replica => replica.requests);
    expect(Math.abs(split[0]! - 148.5)).toBeLessThanOrEqual(2);
    expect(split[0]! + split[1]!).toBe(198);
    expect(app!.replicas.map(({ name, node, weight, died }) => ({ name, node, weight, died }))).toEqual([
      { name: 'app-0', node: 'node-a', weight: 3, died: '' },
      { name: 'app-1', node: 'node-b', weight: 1, died: '' },
    ]);
    expect(app!.replicas.every(replica => replica.measured && replica.memory > 0)).toBe(true);
    expect(results.map(({ expression, passed }) => ({ expression, passed }))).toEqual([
      { expression: 'errors < 1%', passed: true },
      { expression: 'requests >= 1', passed: true },
      { expression: 'latency.p99 < 1us', passed: false },
    ]);
    expect(processes.map(process => process.name)).toEqual(['loadbalancer', 'client-0', 'standalone']);
    expect(nodes).toHaveLength(1);
    expect(rest.store).toBe(join(system.directory, 'galileo.db'));
    // What this machine does to the pacer's punctuality is not this test's matter.
    expect(verdict!.reasons.filter(reason => !/^(The generator was late|Requests waited inside)/.test(reason))).toEqual([]);

    const replicas = await replicasOf(experimentId);
    expect(replicas.map(replica => replica.name)).toEqual(['app-0', 'app-1']);
    expect(replicas.map(replica => replica.pid).filter(runs)).toEqual([]);
    await using store = await openStore({ path: rest.store });
    const events = await store.events(experimentId);
    expect(events.map(event => event.name)).toEqual([
      'experiment/start',
      'replica_start',
      'replica_start',
      'weight_update',
      'experiment/end',
    ]);
    const weights = JSON.parse(events.find(event => event.name === 'weight_update')!.value!);
    expect(weights).toMatchObject({
      fn: 'app',
      zone: 'main',
      weights: { ips: replicas.map(({ address }) => address), weights: [3, 1] },
    });
    const logs = await readdir(join(system.directory, 'logs', experimentId));
    expect(logs.sort()).toEqual(['app-0.log', 'app-1.log', 'client-0.log', 'loadbalancer.log']);
  });

  test('has its clients follow redirects and keep cookies, each request counted once', async () => {
    const script = `require('node:http').createServer((request, response) => {
      const cookie = request.headers.cookie ?? '';
      if (request.url.endsWith('/x')) response.writeHead(302, { location: 'home', 'set-cookie': 'known=1' }).end();
      else response.writeHead(cookie === 'known=1' ? 200 : 500).end('home');
    }).listen(process.env.PORT, '127.0.0.1')`.replaceAll('\n', ' ');
    const file = experimentFile({ script, duration: '1s' }).replace('timeout: 5s', 'timeout: 5s, redirects: 1, cookies: true');
    const { experimentId } = await submit(file);
    await follow(experimentId);
    const { services, ledger } = await report(experimentId);
    expect(services[0]).toMatchObject({ requests: 98, errors: 0 });
    expect(ledger!.entries[0]).toMatchObject({ produced: 98, stored: 98 });
  });

  test('goes on when a replica is killed: its requests fail, and the report says so', async () => {
    const { experimentId } = await submit(experimentFile({ duration: '8s' }));
    let killed = false;
    const updates = await follow(experimentId, async ({ load }) => {
      if (killed || load === undefined || load.completed < 20) return;
      killed = true;
      process.kill((await replicasOf(experimentId))[0]!.pid, 'SIGKILL');
    });
    expect(updates.at(-1)!.experiment).toMatchObject({ status: ExperimentStatus.FINISHED, reason: '' });
    expect(updates.flatMap(update => update.notices)).toEqual([
      expect.stringMatching(/^replica app-0 killed by SIGKILL after \d+\.\d s$/),
    ]);
    const { services, notes, ledger } = await report(experimentId);
    expect(services[0]!.errors).toBeGreaterThan(0);
    expect(services[0]!.replicas.map(replica => replica.died)).toEqual([
      expect.stringMatching(/^killed by SIGKILL after \d+\.\d s$/),
      '',
    ]);
    expect(notes.join('\n')).toMatch(/app-0 died: killed by SIGKILL/);
    expect(ledger!.entries.map(({ produced, stored }) => produced - stored)).toEqual([0, 0, 0]);
    await using store = await openStore({ path: join(system.directory, 'galileo.db') });
    const exit = (await store.events(experimentId)).find(event => event.name === 'replica_exit');
    expect(JSON.parse(exit!.value!)).toMatchObject({ name: 'app-0', signal: 'SIGKILL' });
  });

  test('whose load client is killed fails with that reason, keeps what was recorded, and leaves nothing', async () => {
    const { experimentId } = await submit(experimentFile({ duration: '60s' }));
    let client: number | undefined;
    const updates = await follow(experimentId, async ({ load }) => {
      if (client !== undefined || load === undefined || load.completed < 20) return;
      const log = await readFile(join(system.directory, 'logs', experimentId, 'client-0.log'), 'utf8');
      client ??= Number(/"pid":(\d+)/.exec(log)![1]);
      process.kill(client, 'SIGKILL');
    });
    const { status, reason } = updates.at(-1)!.experiment!;
    expect([status, reason]).toEqual([ExperimentStatus.FAILED, 'client-0 was killed by SIGKILL in the run']);
    expect((await replicasOf(experimentId)).map(replica => replica.pid).filter(runs)).toEqual([]);
    const { ledger, verdict } = await report(experimentId);
    expect(ledger!.entries[0]!.stored).toBeGreaterThan(0);
    expect(ledger!.final).toBe(false);
    expect(verdict!.reasons[0]).toBe('The experiment failed: client-0 was killed by SIGKILL in the run');
  });

  test('whose guard is killed fails with that reason, and its children are killed', async () => {
    const { experimentId } = await submit(experimentFile({ duration: '60s' }));
    let replicas: Awaited<ReturnType<typeof replicasOf>> | undefined;
    const updates = await follow(experimentId, async ({ load }) => {
      if (replicas !== undefined || load === undefined || load.completed < 20) return;
      replicas = [];
      replicas = await replicasOf(experimentId);
      process.kill(parentOf(replicas[0]!.pid), 'SIGKILL');
    });
    const { status, reason } = updates.at(-1)!.experiment!;
    expect(status).toBe(ExperimentStatus.FAILED);
    expect(reason).toBe('the guard process was lost (killed by SIGKILL); its children were killed');
    // A request that was on the way may have been given up, and that is told.
    const notices = updates.flatMap(update => update.notices).filter(notice => !notice.endsWith('and were given up'));
    expect(notices).toEqual([]);
    expect(replicas).toHaveLength(2);
    await until('the replicas are gone', () => !replicas!.map(replica => replica.pid).some(runs));
  });

  test('is cancelled at once, keeping what was recorded, with a settled ledger', async () => {
    const { experimentId } = await submit(experimentFile({ duration: '60s' }));
    let cancelled = false;
    const updates = await follow(experimentId, async ({ load }) => {
      if (cancelled || load === undefined || load.completed < 20) return;
      cancelled = true;
      await connection.client.cancelExperiment({ experimentId });
    });
    expect(updates.at(-1)!.experiment).toMatchObject({ status: ExperimentStatus.CANCELLED, reason: 'on request' });
    expect(statuses(updates)).toContain('FINALIZING');
    const { ledger, verdict, intended, released, services } = await report(experimentId);
    expect(ledger!.final).toBe(true);
    expect(ledger!.mismatches).toEqual([]);
    expect(ledger!.entries[0]).toMatchObject({ produced: released, stored: released });
    expect(services[0]!.requests).toBe(released);
    // What was due and had not been released yet at that instant never is.
    expect(released).toBeLessThanOrEqual(intended);
    expect(verdict!.valid).toBe(false);
    expect(verdict!.reasons).toEqual(expect.arrayContaining(['The experiment was cancelled: on request']));
    expect((await replicasOf(experimentId)).map(replica => replica.pid).filter(runs)).toEqual([]);
    expect((await refusal(connection.client.cancelExperiment({ experimentId }))).code).toBe(Status.FAILED_PRECONDITION);
  });

  /** An experiment file with an app instead of a request; the app lies where the file comes from, and knows so many pages. */
  async function appFile(name: string, pages: number): Promise<string> {
    const app = join(system.directory, 'apps', 'pages');
    await mkdir(app, { recursive: true });
    await writeFile(join(app, 'manifest.yml'), 'name: pages\n');
    await writeFile(
      join(app, 'generator.js'),
      `export function nextRequest({ counter, parameters }) {
        if (counter > parameters.pages) throw new RangeError('there is no page ' + counter);
        return { path: '/function/app/x', query: { page: counter } };
      }`,
    );
    const request = 'request: { path: /function/app/x, timeout: 5s }';
    return experimentFile().replace(request, `app: { name: ${name}, parameters: { pages: ${pages} } }`);
  }

  test('may have its requests made by an app', async () => {
    const { experimentId } = await submit(await appFile('pages', 1000));
    const updates = await follow(experimentId);
    expect(updates.at(-1)!.experiment).toMatchObject({ status: ExperimentStatus.FINISHED, reason: '' });
    const { services, released } = await report(experimentId);
    expect(released).toBe(198);
    expect(services[0]!.requests).toBe(198);
    expect(services[0]!.errorKinds).toEqual({});
  });

  test('fails when its app does', async () => {
    const { experimentId } = await submit(await appFile('pages', 20));
    const { status, reason } = (await follow(experimentId)).at(-1)!.experiment!;
    expect(status).toBe(ExperimentStatus.FAILED);
    expect(reason).toMatch(/^client .*:app:\d+: app "pages": nextRequest threw RangeError: there is no page 21/);
  });

  test('fails without its app', async () => {
    const { experimentId } = await submit(await appFile('absent', 1));
    const { status, reason } = (await follow(experimentId)).at(-1)!.experiment!;
    expect(status).toBe(ExperimentStatus.FAILED);
    expect(reason).toMatch(/app "absent": not in galileo_apps_dir, and http:\/\/localhost:5001\/api\/apps\/absent can't be had/);
  });

  test('whose replica never becomes ready fails with its last output, and leaves nothing', async () => {
    const script = "console.log('pid', process.pid); console.log('password is', process.env.KEY); setInterval(() => {}, 1000)";
    const file = experimentFile({ script, ready: '1s' }).replace('ready:', `env: { KEY: "\${env:KEY}" }, ready:`);
    const { experimentId } = await submit(file, { environment: { KEY: 'hunter2' } });
    const updates = await follow(experimentId);
    expect(statuses(updates).join(' ')).toMatch(/^(QUEUED )?PREPARING FAILED$/);
    const { reason } = updates.at(-1)!.experiment!;
    expect(reason).toMatch(
      /^replica app-\d was not ready within 1 s \(nothing listens on .*\); its last output:\n {2}\| pid \d+\n/,
    );
    expect(reason).toContain('password is [KEY]');
    for (const replica of ['app-0', 'app-1']) {
      const log = await readFile(join(system.directory, 'logs', experimentId, `${replica}.log`), 'utf8');
      expect(runs(Number(/pid (\d+)/.exec(log)![1]))).toBe(false);
    }
    expect((await connection.client.getExperiment({ experimentId })).file).toBe(file);
    const { verdict, services } = await report(experimentId);
    expect(verdict!.reasons[0]).toMatch(/^The experiment failed: replica app/);
    expect(services[0]!.replicas).toHaveLength(2);
    const database = await readFile(join(system.directory, 'galileo.db'));
    expect(database.includes('hunter2')).toBe(false);
  });

  test('waits for the one before it, and can be taken out of the queue', async () => {
    const { experimentId: first } = await submit(experimentFile({ duration: '60s' }));
    const { experimentId: second } = await submit(experimentFile());
    const { experimentId: third } = await submit(experimentFile());
    const thirdUpdates = follow(third, ({ queuePosition }) => {
      if (queuePosition === 2) connection.client.cancelExperiment({ experimentId: second });
      if (queuePosition === 1) connection.client.cancelExperiment({ experimentId: third });
    });
    const secondUpdates = await follow(second);
    expect(statuses(secondUpdates)).toEqual(['QUEUED', 'CANCELLED']);
    expect(statuses(await thirdUpdates)).toEqual(['QUEUED', 'CANCELLED']);
    const refused = await refusal(connection.client.deleteExperiment({ experimentId: first }));
    expect([refused.code, refused.details]).toEqual([Status.FAILED_PRECONDITION, expect.stringContaining('has not ended')]);
    expect((await refusal(connection.client.getReport({ experimentId: first }))).code).toBe(Status.FAILED_PRECONDITION);
    await connection.client.cancelExperiment({ experimentId: first });
    expect(statuses(await follow(first)).at(-1)).toBe('CANCELLED');
    expect((await report(second)).verdict!.valid).toBe(false);
  });

  test('that is attached fails when the stream of its submitter breaks off', async () => {
    const { experimentId } = await submit(experimentFile({ duration: '60s' }), { attached: true });
    const abort = new AbortController();
    const watching = (async () => {
      for await (const { load } of connection.client.watchExperiment({ experimentId }, { signal: abort.signal })) {
        if (load !== undefined && load.completed > 0) abort.abort();
      }
    })();
    await expect(watching).rejects.toThrow();
    const updates = await follow(experimentId);
    expect(updates.at(-1)!.experiment).toMatchObject({
      status: ExperimentStatus.FAILED,
      reason: 'its submitter has gone: the stream that watched it broke off',
    });
  });
});

describe('calls', () => {
  test('a bad file is refused with all its problems, one per line, and leaves nothing', async () => {
    const before = (await connection.client.listExperiments({})).experiments.length;
    const error = await refusal(submit(experimentFile().replace('duration: 2s', 'duration: -1').replace('seed: 42', 'sede: 42')));
    expect(error.code).toBe(Status.INVALID_ARGUMENT);
    const lines = error.details.split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^small\.yaml:2:1: sede: found an unknown key/);
    expect(lines[1]).toMatch(/^small\.yaml:3:\d+: duration: found -1; allowed: /);
    expect((await connection.client.listExperiments({})).experiments).toHaveLength(before);
  });

  test('what is unknown is not found, what is ambiguous is listed', async () => {
    for (const experimentId of ['nosuch', '']) {
      expect((await refusal(connection.client.getExperiment({ experimentId }))).code).toBe(Status.NOT_FOUND);
    }
    const { experiments } = await connection.client.listExperiments({});
    const error = await refusal(connection.client.getReport({ experimentId: '2' }));
    expect(error.code).toBe(Status.FAILED_PRECONDITION);
    for (const { id } of experiments.slice(0, 5)) expect(error.details).toContain(id);
  });

  test('lists page newest first, latest is the newest, and an id may be cut short', async () => {
    const all: string[] = [];
    let pageToken = '';
    do {
      const page = await connection.client.listExperiments({ pageSize: 2, pageToken });
      expect(page.experiments.length).toBeLessThanOrEqual(2);
      all.push(...page.experiments.map(experiment => experiment.id));
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    const { experiments } = await connection.client.listExperiments({});
    expect(all).toEqual(experiments.map(experiment => experiment.id));
    const created = experiments.map(experiment => experiment.created);
    expect(created).toEqual([...created].sort((one, other) => other - one));
    const newest = all[0]!;
    expect((await connection.client.getExperiment({ experimentId: 'latest' })).experiment!.id).toBe(newest);
    expect((await connection.client.getExperiment({ experimentId: newest.slice(0, -1) })).experiment!.id).toBe(newest);
    expect((await refusal(connection.client.listExperiments({ pageToken: 'x' }))).code).toBe(Status.INVALID_ARGUMENT);
  });

  test('an experiment is removed with its rows and logs', async () => {
    const { experiments } = await connection.client.listExperiments({});
    const { id } = experiments.at(-1)!;
    expect(existsSync(join(system.directory, 'logs', id))).toBe(true);
    await connection.client.deleteExperiment({ experimentId: id });
    expect((await refusal(connection.client.getExperiment({ experimentId: id }))).code).toBe(Status.NOT_FOUND);
    expect(existsSync(join(system.directory, 'logs', id))).toBe(false);
    await using store = await openStore({ path: join(system.directory, 'galileo.db') });
    expect((await store.counts(id)).events).toBe(0);
  });
});

test('an orchestrator that is stopped fails what is under way and what waits, and its reports outlive it', async () => {
  const { experimentId: running } = await submit(experimentFile({ duration: '60s' }));
  const { experimentId: waiting } = await submit(experimentFile());
  await until('there is load', async () => {
    for await (const { load } of connection.client.watchExperiment({ experimentId: running }))
      return load !== undefined && load.completed > 0;
    return false;
  });
  const { pid } = (await replicasOf(running))[0]!;
  expect(runs(pid)).toBe(true);
  expect(orchestrator.idle()).toBe(false);
  await orchestrator[Symbol.asyncDispose]();
  connection[Symbol.dispose]();
  expect(runs(pid)).toBe(false);
  orchestrator = await system.start();
  connection = connectTo(orchestrator);
  for (const experimentId of [running, waiting]) {
    const { experiment } = await connection.client.getExperiment({ experimentId });
    expect(experiment).toMatchObject({ status: ExperimentStatus.FAILED, reason: 'the orchestrator was stopped' });
  }
  const { ledger, verdict } = await report(running);
  expect(ledger!.entries[0]!.stored).toBeGreaterThan(0);
  expect(verdict!.reasons[0]).toBe('The experiment failed: the orchestrator was stopped');
  expect(orchestrator.idle()).toBe(true);
});
