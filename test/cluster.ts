import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import {
  type Certificates,
  type EtcdServer,
  freePort,
  type Program,
  type RedisServer,
  type ServiceProcess,
  serviceFile,
  startEtcd,
  startProgram,
  startRedis,
  startService,
  temporaryDirectory,
} from '@galileo/testkit';

/** Root of the project, where the commands of the tests' experiments start from. */
const root = fileURLToPath(new URL('..', import.meta.url));

/** Names of the members of a cluster, each a process of its own. */
export const members = ['recorder', 'orchestrator', 'loadbalancer', 'client-a', 'client-b', 'telemd-a', 'telemd-b'] as const;
export type MemberName = (typeof members)[number];

export interface ClusterOptions {
  /** Bearer token of all gRPC calls. */
  readonly token?: string;
  readonly redisPassword?: string;
  /** Password of etcd's user `root`. */
  readonly etcdPassword?: string;
  /** TLS for gRPC (mutual), Redis and etcd. */
  readonly certificates?: Certificates;
  /** Order in which the members are started. */
  readonly order?: readonly MemberName[];
  /** What the members are started from; their source unless told. */
  readonly from?: 'source' | 'bundle';
  /** Members that the test starts itself. */
  readonly without?: readonly MemberName[];
  /** More variables for all members. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** What the command `galileo` did. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command of `galileo` that runs. */
export interface Running extends AsyncDisposable {
  readonly program: Program;
  /** Standard error so far. */
  progress(): Promise<string>;
  readonly outcome: Promise<Outcome>;
}

/** Redis, etcd and all services of Galileo on this machine, each a process that is configured by its environment alone. */
export interface Cluster extends AsyncDisposable {
  readonly redis: RedisServer;
  readonly etcd: EtcdServer;
  /** HOST:PORT of the orchestrator. */
  readonly orchestrator: string;
  /** HOST:PORT of the recorder. */
  readonly recorder: string;
  /** The store's file. */
  readonly store: string;
  /** Directory of the store and of logs. */
  readonly data: string;
  /** The process of a member that runs. */
  member(name: MemberName): ServiceProcess;
  /** Starts a member, again if it has ended, with more variables if given. It has not become ready when this resolves. */
  start(name: MemberName, environment?: Readonly<Record<string, string>>): Promise<ServiceProcess>;
  /** HOST:PORT of a member's gRPC. */
  address(name: MemberName): string;
  /** What a member says to `--health`. */
  health(name: MemberName): Promise<Outcome>;
  /** Waits until all members have said that they are ready. */
  ready(timeout?: number): Promise<void>;
  /** Runs a command of `galileo` against the orchestrator: `run`, `report`, `experiments`. */
  galileo(args: readonly string[], environment?: Readonly<Record<string, string>>): Promise<Outcome>;
  /** Starts such a command. */
  startGalileo(args: readonly string[], environment?: Readonly<Record<string, string>>): Promise<Running>;
  /** Variables with which a further program takes part. */
  readonly environment: Readonly<Record<string, string>>;
  /** Variables that a member is started with: those of a further one of its kind are like them. */
  environmentOf(name: MemberName): Readonly<Record<string, string>>;
}

/** Variables that all programs of a cluster have in common. */
function commonEnvironment(options: ClusterOptions, redis: RedisServer): Record<string, string> {
  const { token, redisPassword, certificates } = options;
  return {
    galileo_redis_host: redis.host,
    galileo_redis_port: String(redis.port),
    ...(redisPassword !== undefined && { galileo_redis_password: redisPassword }),
    ...(token !== undefined && { galileo_token: token }),
    ...(certificates !== undefined && {
      galileo_redis_tls: 'true',
      galileo_redis_tls_ca: certificates.ca,
      galileo_tls_cert: certificates.server.cert,
      galileo_tls_key: certificates.server.key,
      galileo_tls_ca: certificates.ca,
    }),
    ...options.environment,
  };
}

function etcdEnvironment({ etcdPassword, certificates }: ClusterOptions): Record<string, string> {
  return {
    ...(etcdPassword !== undefined && { galileo_etcd_username: 'root', galileo_etcd_password: etcdPassword }),
    ...(certificates !== undefined && {
      galileo_etcd_tls_ca: certificates.ca,
      galileo_etcd_tls_cert: certificates.client.cert,
      galileo_etcd_tls_key: certificates.client.key,
    }),
  };
}

/** Starts Redis, etcd and the members in the given order; nothing waits for anything. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  await using resources = new AsyncDisposableStack();
  const directory = resources.use(await temporaryDirectory());
  const { redisPassword, etcdPassword, certificates } = options;
  const tls = certificates && { ...certificates.server, ca: certificates.ca };
  const [redis, etcd] = await Promise.all([
    startRedis({ ...(redisPassword !== undefined && { password: redisPassword }), ...(tls && { tls: certificates.server }) }),
    startEtcd({ ...(etcdPassword !== undefined && { rootPassword: etcdPassword }), ...(tls && { tls }) }),
  ]);
  resources.use(redis);
  resources.use(etcd);
  // Services have to be told where others listen before those are started.
  const dataPort = await freePort();
  const ports = await Promise.all(members.map(freePort));
  const address = (name: MemberName) => `127.0.0.1:${ports[members.indexOf(name)]}`;
  const recorder = address('recorder');
  const orchestrator = address('orchestrator');
  const store = `${directory.path}/galileo.db`;
  const spools = { galileo_spool_dir: `${directory.path}/spools` };
  const common = { ...commonEnvironment(options, redis), ...spools, galileo_recorder: recorder };
  const data = { galileo_data_dir: directory.path, galileo_expdb_sqlite_path: store };
  const withEtcd = etcdEnvironment(options);

  const environments: Readonly<Record<MemberName, Record<string, string>>> = {
    recorder: { ...common, ...data },
    orchestrator: { ...common, ...data, ...withEtcd, galileo_etcd: etcd.address },
    loadbalancer: {
      ...common,
      ...withEtcd,
      eb_go_lb_etcd_host: etcd.address,
      eb_go_lb_zone: 'main',
      eb_go_lb_node_name: 'node-lb',
      eb_go_lb_listen_port: String(dataPort),
      galileo_lb_listen_host: '127.0.0.1',
    },
    'client-a': { ...common, galileo_worker_name: 'worker-a', galileo_zone: 'main' },
    'client-b': { ...common, galileo_worker_name: 'worker-b', galileo_zone: 'main' },
    'telemd-a': { ...common, telemd_nodename: 'node-a' },
    'telemd-b': { ...common, telemd_nodename: 'node-b' },
  };

  const running = new Map<MemberName, ServiceProcess>();
  resources.defer(async () => {
    await Promise.all([...running.values()].map(member => member[Symbol.asyncDispose]()));
  });
  const serviceOf = (name: MemberName) => name.replace(/-[ab]$/, '');
  const environmentOf = (name: MemberName) => ({ ...environments[name], galileo_grpc_listen: address(name) });
  const start = async (name: MemberName, more: Readonly<Record<string, string>> = {}) => {
    await running.get(name)?.[Symbol.asyncDispose]();
    const service = serviceOf(name);
    const member = await startService(service, { ...environmentOf(name), ...more }, serviceFile(service, options.from));
    running.set(name, member);
    return member;
  };
  for (const name of options.order ?? members) if (!options.without?.includes(name)) await start(name);

  const shell = { ...common, galileo_orchestrator: orchestrator };
  const startGalileo: Cluster['startGalileo'] = (args, environment = {}) =>
    startCommand([process.execPath, `${root}/services/shell/src/main.ts`, ...args], { ...shell, ...environment });
  const outcomeOf = async (starting: Promise<Running>) => {
    await using command = await starting;
    return await command.outcome;
  };
  const owned = resources.move();
  return {
    redis,
    etcd,
    orchestrator,
    recorder,
    store,
    data: directory.path,
    environment: shell,
    environmentOf,
    address,
    member(name) {
      const member = running.get(name);
      if (member === undefined) throw new Error(`${name} was never started`);
      return member;
    },
    start,
    health: name => outcomeOf(startCommand([process.execPath, serviceFile(serviceOf(name)), '--health'], environmentOf(name))),
    async ready(timeout = 40) {
      await Promise.all([...running.values()].map(member => member.ready(timeout)));
    },
    galileo: (args, environment) => outcomeOf(startGalileo(args, environment)),
    startGalileo,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Starts a command in the root of the project, its standard output and standard error apart: the first is for programs. */
async function startCommand(command: readonly string[], environment: Readonly<Record<string, string>>): Promise<Running> {
  await using resources = new AsyncDisposableStack();
  const scratch = resources.use(await temporaryDirectory());
  const [stdout, stderr] = ['stdout', 'stderr'].map(name => `${scratch.path}/${name}`) as [string, string];
  const script = `cd ${root} && exec "$0" "$@" 2>${stderr} >${stdout}`;
  const program = resources.use(await startProgram(['sh', '-c', script, ...command], { environment }));
  const read = (file: string) => readFile(file, 'utf8').catch(() => '');
  const owned = resources.move();
  return {
    program,
    progress: () => read(stderr),
    outcome: program.exited.then(async ({ code }) => ({ code, stdout: await read(stdout), stderr: await read(stderr) })),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
