import { ExperimentStatus, OrchestratorDefinition, type WatchExperimentResponse } from '@galileo/proto/orchestrator';
import { connect } from '@galileo/service';
import {
  type EtcdServer,
  type RedisServer,
  type ServiceProcess,
  startEtcd,
  startRedis,
  startService,
  temporaryDirectory,
} from '@galileo/testkit';

const token = 'secret of the test';

/** Servers, and services as processes of their own, each started when a test asks for it. */
export interface Surroundings extends AsyncDisposable {
  readonly directory: string;
  readonly redis: RedisServer;
  readonly etcd: EtcdServer | undefined;
  /** HOST:PORT. */
  readonly recorder: string;
  /** Kills the recorder and starts it again at the same address. */
  restartRecorder(): Promise<void>;
  /** Starts a service; it has not become ready when this returns. */
  start(name: string, environment?: Record<string, string>): Promise<ServiceProcess>;
  /** Starts a service and waits until it is ready. */
  ready(name: string, environment?: Record<string, string>): Promise<ServiceProcess>;
}

/** Starts Redis, a recorder and, if wanted, etcd. */
export async function startSurroundings(options: { readonly etcd: boolean }): Promise<Surroundings> {
  await using resources = new AsyncDisposableStack();
  const directory = resources.use(await temporaryDirectory());
  const redis = resources.use(await startRedis());
  const etcd = options.etcd ? resources.use(await startEtcd()) : undefined;
  const common = {
    galileo_token: token,
    galileo_data_dir: directory.path,
    galileo_grpc_listen: '127.0.0.1:0',
    galileo_redis_host: redis.host,
    galileo_redis_port: String(redis.port),
  };
  const balancing = {
    eb_go_lb_listen_port: '0',
    galileo_lb_listen_host: '127.0.0.1',
    ...(etcd && { eb_go_lb_etcd_host: etcd.address }),
  };
  const own: Record<string, Record<string, string>> = {
    loadbalancer: balancing,
    orchestrator: etcd ? { galileo_etcd: etcd.address } : {},
  };
  let running = await startService('recorder', common);
  resources.defer(() => running[Symbol.asyncDispose]());
  const recorder = (await running.ready())['grpc']!;
  const owned = resources.move();
  const start = async (name: string, environment: Record<string, string> = {}) =>
    owned.use(await startService(name, { ...common, galileo_recorder: recorder, ...own[name], ...environment }));
  return {
    directory: directory.path,
    redis,
    etcd,
    recorder,
    async restartRecorder() {
      await running[Symbol.asyncDispose]();
      running = await startService('recorder', { ...common, galileo_grpc_listen: recorder });
      await running.ready();
    },
    start,
    async ready(name, environment) {
      const service = await start(name, environment);
      await service.ready();
      return service;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The orchestrator as its callers see it. */
export async function connectTo(orchestrator: ServiceProcess, directory: string) {
  const address = (await orchestrator.ready())['grpc']!;
  const connection = connect(OrchestratorDefinition, address, { credentials: { token }, timeout: 30 });
  const { client } = connection;
  return {
    client,
    address,
    [Symbol.dispose]: () => connection[Symbol.dispose](),
    submit: async (file: string) => (await client.submitExperiment({ file, fileName: 'small.yaml', directory })).experimentId,
    /** Follows an experiment to its end. */
    async follow(experimentId: string, onUpdate: (update: WatchExperimentResponse) => unknown = () => {}) {
      const phases = new Set<string>();
      const notices: string[] = [];
      let last: WatchExperimentResponse | undefined;
      for await (const update of client.watchExperiment({ experimentId })) {
        last = update;
        phases.add(update.phase);
        notices.push(...update.notices);
        await onUpdate(update);
      }
      const { status, reason } = last!.experiment!;
      return { status, reason, phases: [...phases], notices };
    },
    report: async (experimentId: string) => (await client.getReport({ experimentId })).report!,
  };
}

export const { FINISHED, FAILED } = ExperimentStatus;
