import { randomInt } from 'node:crypto';
import { LoadClientDefinition } from '@galileo/proto/client';
import { connect } from '@galileo/service';
import { missing, type RedisServer, type ServiceProcess, startRedis, startService, startUpstream, until } from '@galileo/testkit';
import { describe, expect, it } from 'vitest';
import { appsDirectory } from './apps-directory.ts';
import { startRecorderDouble } from './recorder-double.ts';
import { replayCase, type World } from './replay.ts';
import { listenToWorkers, loadTranscript, shuffled, startTarget, type Transcript } from './transcripts.ts';
import { startWorker } from './worker.ts';

const seed = Number(process.env['TRANSCRIPT_SEED'] ?? randomInt(2 ** 31));
const suffix = seed.toString(36).slice(-4);
/** Threads of the worker: what a controller sees does not depend on them. */
const threads = 1 + (seed % 2);

/** Replays cases in an order of the seed's and reports how much that was. */
async function replayAll(transcript: Transcript, replay: (name: string) => Promise<{ sent: number; compared: number }>) {
  const counts = { cases: 0, sent: 0, compared: 0 };
  for (const name of shuffled([...transcript.cases.keys()], seed)) {
    try {
      const { sent, compared } = await replay(name);
      counts.cases += 1;
      counts.sent += sent;
      counts.compared += compared;
    } catch (error) {
      throw new Error(`case ${name}, TRANSCRIPT_SEED=${seed}`, { cause: error });
    }
  }
  console.log(
    `TRANSCRIPT_SEED=${seed}: ${counts.cases} cases, ${counts.sent} messages replayed, ${counts.compared} answers, events, traces and keys compared`,
  );
  return counts;
}

describe.skipIf(missing('redis-server'))('recorded sessions of the original controller (needs redis-server)', () => {
  it('get the answers, events and keys that the original worker gave', { timeout: 110_000 }, async () => {
    const transcript = loadTranscript('controller-transcript');
    const [worker, service] = [`worker-${suffix}`, `service-${suffix}`];
    await using target = await startTarget(transcript);
    await using redis = await startRedis();
    await using repository = await startUpstream((_request, response) => response.writeHead(404).end());
    await using apps = await appsDirectory({ myapp: "export const nextRequest = () => ['get', '/', null];" });
    await using running = await startWorker({
      galileo_apps_dir: apps.path,
      galileo_apps_repository: `http://${repository.address}`,
      galileo_bus: 'redis',
      galileo_redis_host: redis.host,
      galileo_redis_port: String(redis.port),
      galileo_worker_name: worker,
      galileo_client_threads: String(threads),
      galileo_router_type: 'StaticRouter',
      galileo_router_static_host: `http://${target.address}`,
      galileo_trace_content: 'all',
    });
    const client = redis.client();
    await until('the registration', async () => (await client.sismember('galileo:workers', worker)) === 1);
    const world: World = {
      ...{ client, workers: new Map(['w1', 'w2'].map(recorded => [recorded, worker])), service, upstream: target.address },
      ...(await listenToWorkers(redis)),
      operate: () => Promise.reject(new Error('nothing was done to this worker')),
      routed: async () => {},
    };
    const { cases, compared } = await replayAll(transcript, async name => {
      const counts = await replayCase(world, transcript, name);
      await running.rpc.closeClients({});
      await client.publish('__eventbus:global:galileo.worker.api.StartTracingCommand', '[]');
      return counts;
    });
    await until('no clients to be left', async () => (await client.keys('galileo:client:*')).length === 0);
    expect(await client.exists(`galileo:worker:${worker}:clients`)).toBe(0);
    expect(cases).toBe(28);
    expect(compared).toBeGreaterThan(200);
  });
});

/** Workers of a case, by their own names. */
function createWorkers(redis: RedisServer, recorder: string, target: string) {
  const running = new AsyncDisposableStack();
  /** Where each is called. */
  const addresses = new Map<string, string>();
  const processes = new Map<string, ServiceProcess>();

  /** Starts a worker; one that is to be signalled is a process. */
  async function start(name: string, labels: Readonly<Record<string, string>>, signalled: boolean): Promise<void> {
    const environment = {
      ...labels,
      galileo_bus: 'redis',
      galileo_worker_name: name,
      galileo_redis_host: redis.host,
      galileo_redis_port: String(redis.port),
      galileo_router_static_host: `http://${target}`,
      galileo_grpc_listen: '127.0.0.1:0',
      galileo_recorder: recorder,
      galileo_trace_content: 'all',
    };
    if (signalled) {
      const worker = running.use(await startService('client', environment));
      processes.set(name, worker);
      addresses.set(name, (await worker.ready())['grpc']!);
    } else addresses.set(name, running.use(await startWorker(environment)).address);
    await until('the registration', async () => (await redis.client().sismember('galileo:workers', name)) === 1);
  }

  async function routesOf(address: string): Promise<unknown> {
    using connection = connect(LoadClientDefinition, address);
    const { routes } = await connection.client.getRoutes({});
    return routes.map(({ service, hosts, weights }) => [service, hosts, weights]);
  }

  async function routesInRedis(): Promise<unknown> {
    const client = redis.client();
    const services = (await client.smembers('routing:services')).toSorted();
    const list = (kind: string, service: string) => client.lrange(`routing:${kind}:${service}`, 0, -1);
    const route = async (service: string) => [
      service,
      await list('hosts', service),
      (await list('weights', service)).map(Number),
    ];
    const routes = await Promise.all(services.map(route));
    client.disconnect();
    return routes;
  }

  return {
    start,
    async routed(): Promise<void> {
      const wanted = JSON.stringify(await routesInRedis());
      for (const [name, address] of addresses) {
        await until(`routes of ${name}`, async () => JSON.stringify(await routesOf(address)) === wanted);
      }
    },
    async operate(action: string, name: string): Promise<void> {
      const worker = processes.get(name)!;
      if (action === 'SIGSTOP') worker.pause();
      else if (action === 'SIGCONT') worker.resume();
      else
        expect(await worker.kill(action as NodeJS.Signals)).toMatchObject(
          action === 'SIGTERM' ? { code: 0 } : { signal: action },
        );
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

describe.skipIf(missing('redis-server'))('recorded lives of original workers (needs redis-server)', () => {
  it('are lived by ours: labels, routes, two at a time, stopped, ended and killed', { timeout: 110_000 }, async () => {
    const transcript = loadTranscript('workers-transcript');
    await using target = await startTarget(transcript);
    await using recorder = await startRecorderDouble();

    async function replay(name: string) {
      const exchanges = transcript.cases.get(name)!;
      const text = JSON.stringify(exchanges);
      // Those of the routing table alone name none.
      const named = [...transcript.labels.keys()].filter(worker => new RegExp(`\\b${worker}\\b`).test(text));
      const recorded = named.length === 0 ? ['w2'] : named;
      const workers = new Map(recorded.map(worker => [worker, `${worker}-${suffix}`]));
      const service = `service-${suffix}`;
      await using redis = await startRedis();
      const client = redis.client();
      const heard = await listenToWorkers(redis);
      await using running = createWorkers(redis, recorder.address, target.address);
      const operate = async (action: string, worker: string) => {
        const [original] = [...workers].find(([, ours]) => ours === worker)!;
        if (action === 'start') await running.start(worker, transcript.labels.get(original)!, text.includes('"SIG'));
        else await running.operate(action, worker);
      };
      const startsLater = (worker: string) => exchanges.some(({ argv }) => argv[0] === 'start' && argv[1] === worker);
      for (const [original, worker] of workers) if (!startsLater(original)) await operate('start', worker);
      const routed = () => running.routed();
      const world: World = { client, workers, service, upstream: target.address, ...heard, operate, routed };
      const counts = await replayCase(world, transcript, name);
      if (name === '53-service-router-worker') expect([...target.asked]).toContain(`/${service}/echo`);
      if (name === '50-worker-sigkill') {
        const [left] = [...workers.values()];
        const keys = [`galileo:client:${left}:${service}:0`, `galileo:worker:${left}:clients`, 'galileo:workers', left];
        expect((await client.keys('*')).toSorted()).toEqual([...keys, `galileo:service:client:${left}`].toSorted());
      }
      return counts;
    }

    const { cases, compared } = await replayAll(transcript, replay);
    expect(cases).toBe(12);
    expect(compared).toBeGreaterThan(200);
  });
});

/** Cases of the recordings that are not replayed, by the reason. */
const notReplayed: readonly (readonly [reason: string, names: readonly string[]])[] = [
  ['nothing that a worker answers is sent', ['01-no-worker', '03-workers', '05b-pubsub-introspection', '22-rps-fraction']],
  ['the controller reads keys, or refuses by itself', ['07-keys', '26b-state after close', '32-spawn-0-and-neg']],
  ['the same messages are in 40-worker-sigkill', ['02-worker-start']],
  ['counts of a workload under way are those of a moment', ['11-info-while-running']],
  ['the workload is none, and never sent', ['23-request-none']],
  ['the clients have died of bug 3', ['25b-after-unknown-distribution: does the client still answer']],
  ['no worker takes part', ['36-single-request', '41-shell-shutdown', '55-telemd', '58-recorder-cli', '65-no-redis']],
  ['recorder, experiment queue and web application are other services', ['57-exp-defaults-sqlite', '59-malformed-telemetry']],
  ['the same', ['60-webapp-apps', '61-experiment-queue-webapp', '62-queue-python-api', '63-experimentd']],
  ['only the store differs from 56-exp-sqlite', ['56-exp-mysql', '70-exp-sqlite', '70-exp-mysql']],
  ['traces go into files and databases: trace-logging.test.ts', ['64-trace-writers', '73-sql-trace-writer']],
  ['ends of workers are in 39-worker-sigterm', ['66-shutdown', '74-shutdown']],
];

it('of the 69 recorded cases each is replayed, or left out for a reason', () => {
  const replayed = ['controller-transcript', 'workers-transcript'].flatMap(name => [...loadTranscript(name).cases.keys()]);
  const named = notReplayed.flatMap(([, names]) => names);
  expect([...replayed, ...named].toSorted()).toEqual([...new Set([...replayed, ...named])].toSorted());
  expect(replayed.length + named.length).toBe(69);
});
