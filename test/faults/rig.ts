import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Ledger, RecorderDefinition } from '@galileo/proto/recorder';
import { connect, waitForServing } from '@galileo/service';
import {
  type FaultProxy,
  freePort,
  type RedisServer,
  type ServiceProcess,
  startFaultProxy,
  startRedis,
  startService,
  temporaryDirectory,
} from '@galileo/testkit';
import type { LoadOptions } from './producer.ts';

/** One life of a producer, and what it left behind. */
export interface ProducerRun {
  readonly producerId: string;
  /** Path of its two files without their endings. */
  readonly files: string;
  /** It was killed. */
  killed: boolean;
  /** Its spool was removed before it was killed: what only it knew, nobody knows any more. */
  wiped: boolean;
}

/** A program that can be killed and started again. */
interface Part {
  readonly process: ServiceProcess;
  kill(): Promise<unknown>;
  /** Starts it again, unless it runs, and waits until it is ready. */
  restart(): Promise<void>;
}

/** A process that makes load. */
export interface LoadProducer extends Part {
  readonly spoolDirectory: string;
  /** Its lives so far; the last is that of the process. */
  readonly runs: readonly ProducerRun[];
}

/** The ways of records that can be disturbed. */
export const linkNames = ['recorder to Redis', 'producers to Redis', 'producers to recorder'] as const;
export type LinkName = (typeof linkNames)[number];

/** Redis, a recorder with SQLite, and producers that make load, with a recording open. */
export interface Rig extends AsyncDisposable {
  readonly redis: RedisServer;
  readonly links: Readonly<Record<LinkName, FaultProxy>>;
  readonly recorder: Part;
  readonly producers: readonly LoadProducer[];
  /** The SQLite file. */
  readonly store: string;
  /** Id of the experiment that is recorded. */
  readonly experimentId: string;
  /** Ends the load and waits until everything under way has been given to the producers. */
  rest(): Promise<void>;
  /** Ends the recording; the recorder waits at most `timeout` seconds. */
  stop(timeout: number): Promise<Ledger>;
  /** Ends producers and recorder in order. @throws Error if one of them fails at that */
  end(): Promise<void>;
}

export interface RigOptions {
  readonly seed: number;
  /** Cap of each producer's spool, bytes. */
  readonly spoolBytes: number;
  /** Most that waits for Redis in each producer, bytes. */
  readonly publisherBytes: number;
}

const experimentId = 'faults';
const producerFile = fileURLToPath(new URL('producer.ts', import.meta.url));

/** What makes load: 1,000 traces and 2,000 samples per second, and a few events. */
const producers: readonly Pick<LoadOptions, 'service' | 'node' | 'rate'>[] = [
  { service: 'client', node: 'node-a', rate: 500 },
  { service: 'client', node: 'node-b', rate: 500 },
  { service: 'telemd', node: 'node-a', rate: 1000 },
  { service: 'telemd', node: 'node-b', rate: 1000 },
];

/** Longest time for a process to come up, or to come to rest, seconds: only what hangs takes as long. */
const patience = 60;

/** Starts `launch`'s program, and again whenever it is to be. One thing is done after the other: what starts is not killed. */
async function startPart(launch: () => Promise<ServiceProcess>): Promise<Part & AsyncDisposable> {
  let process = await launch();
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(action: () => Promise<T>): Promise<T> => {
    const result = turn.then(action);
    turn = result;
    return result;
  };
  return {
    get process() {
      return process;
    },
    kill: () => inTurn(() => process.kill()),
    restart: () =>
      inTurn(async () => {
        if (process.running) return;
        await process[Symbol.asyncDispose]();
        process = await launch();
      }),
    [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
  };
}

/** Starts everything; when this resolves the recording is open and the load runs. */
export async function startRig(options: RigOptions): Promise<Rig> {
  await using resources = new AsyncDisposableStack();
  const directory = resources.use(await temporaryDirectory());
  const [data, records] = [join(directory.path, 'data'), join(directory.path, 'records')];
  await mkdir(records);
  const redis = resources.use(await startRedis());
  const address = `127.0.0.1:${await freePort()}`;
  const link = async (target: string) => resources.use(await startFaultProxy(target));
  const links: Rig['links'] = {
    'recorder to Redis': await link(redis.address),
    'producers to Redis': await link(redis.address),
    'producers to recorder': await link(address),
  };

  const startRecorder = async () => {
    const { host, port } = links['recorder to Redis'];
    const redisAddress = { galileo_redis_host: host, galileo_redis_port: `${port}` };
    const service = await startService('recorder', { galileo_data_dir: data, galileo_grpc_listen: address, ...redisAddress });
    await service.ready(patience);
    return service;
  };
  const recorder = resources.use(await startPart(startRecorder));
  await waitForServing(address, patience);
  const connection = resources.use(connect(RecorderDefinition, address, { timeout: 180 }));
  await connection.client.startRecording({ experimentId });

  const startProducer = async (of: (typeof producers)[number], index: number): Promise<LoadProducer> => {
    const name = `${of.service}-${of.node}`;
    const spoolDirectory = join(directory.path, 'spools', name);
    const runs: ProducerRun[] = [];
    const part = resources.use(
      await startPart(async () => {
        const { host, port } = links['producers to Redis'];
        const load: LoadOptions = {
          ...of,
          seed: options.seed + 1000 * index + runs.length,
          recorder: links['producers to recorder'].address,
          redis: { host, port },
          spool: { directory: spoolDirectory, maxBytes: options.spoolBytes },
          publisherBytes: options.publisherBytes,
          files: join(records, `${name}-${runs.length}`),
        };
        const process = await startService(name, { galileo_load: JSON.stringify(load) }, producerFile);
        const { producer } = await process.line('ready', patience);
        runs.push({ producerId: producer as string, files: load.files, killed: false, wiped: false });
        return process;
      }),
    );
    return {
      spoolDirectory,
      runs,
      get process() {
        return part.process;
      },
      async kill() {
        await part.kill();
        runs.at(-1)!.killed = true;
      },
      restart: part.restart,
    };
  };
  const started = await Promise.all(producers.map(startProducer));
  const owned = resources.move();

  return {
    ...{ redis, links, recorder, experimentId, producers: started, store: join(data, 'galileo.db') },
    async rest() {
      await Promise.all(
        started.map(({ process }) => {
          process.kill('SIGUSR2');
          return process.line('rests', patience);
        }),
      );
    },
    async stop(timeout) {
      const { ledger } = await connection.client.stopRecording({ experimentId, timeout });
      return ledger!;
    },
    async end() {
      const exits = await Promise.all(started.map(({ process }) => process.kill('SIGTERM')));
      exits.push(await recorder.process.kill('SIGTERM'));
      const failed = exits.find(({ code }) => code !== 0);
      if (failed !== undefined) throw new Error(`a process ended with ${failed.signal ?? failed.code} at SIGTERM`);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
