import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LoadClientDefinition } from '@galileo/proto/client';
import { LoadBalancerDefinition, WeightSource } from '@galileo/proto/loadbalancer';
import { type Credentials, connect } from '@galileo/service';
import { childEnvironment } from '../child-environment.ts';
import { describeExit, type Exit, type GuardedProcess } from '../guard-client.ts';
import { indented, lastLines } from '../output-tail.ts';
import { type AgentMember, type Fleet, FleetError, type FleetOptions, type OpenFleet } from './fleet.ts';
import { meetAgent } from './meet.ts';
import { pacingVariable } from './pacing.ts';

export interface LocalFleetOptions {
  /** Commands that start the two services. */
  readonly programs: { readonly loadbalancer: readonly string[]; readonly client: readonly string[] };
  /** HOST:PORT of the recorder's gRPC server. */
  readonly recorder: string;
  /** HOST:PORT of the telemetry agents, which run already. */
  readonly telemds: readonly string[];
  readonly credentials: Credentials;
  /** Directory for the spools of services that make records; their own choice if undefined. */
  readonly spoolDir: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Seconds that a service may take until it is ready, and to end in order. */
const readyTimeout = 30;
const stopGrace = 5;
/** Milliseconds between two looks for the line that says ready. */
const readyInterval = 20;

/** Starts one load balancer and one load client on this machine for each experiment. */
export function localFleet(options: LocalFleetOptions): OpenFleet {
  return async (context): Promise<Fleet> => {
    context.phase('starting load balancer and load client');
    const lost = Promise.withResolvers<Error>();
    const [loadbalancer, client] = await Promise.all([
      startMember('loadbalancer', options.programs.loadbalancer, options, context, lost.resolve),
      startMember('client-0', options.programs.client, options, context, lost.resolve, {
        ...(context.spec.pacing !== undefined && { [pacingVariable]: context.spec.pacing }),
      }),
    ]);
    const { credentials } = options;
    const agents = await meetAgents(options, context.signal);
    const worker = connect(LoadClientDefinition, client.address('grpc'), { credentials });
    const balancer = connect(LoadBalancerDefinition, loadbalancer.address('grpc'), { credentials });
    return {
      workers: [{ name: 'client-0', labels: {}, connection: worker }],
      balancers: [
        {
          name: 'loadbalancer',
          // The only one has all replicas, whatever their zones.
          zone: 'main',
          weightSource: WeightSource.GRPC,
          data: loadbalancer.address('http'),
          connection: balancer,
        },
      ],
      agents,
      processes: [
        { name: 'loadbalancer', pid: loadbalancer.pid },
        { name: 'client-0', pid: client.pid },
      ],
      placed: false,
      lost: lost.promise,
      async [Symbol.asyncDispose]() {
        worker[Symbol.dispose]();
        balancer[Symbol.dispose]();
        for (const { connection } of agents) connection[Symbol.dispose]();
        // The client first: its requests in flight still find the load balancer.
        await client.stop();
        await loadbalancer.stop();
      },
    };
  };
}

async function meetAgents({ telemds, credentials }: LocalFleetOptions, signal: AbortSignal): Promise<AgentMember[]> {
  const meetings = await Promise.allSettled(telemds.map(address => meetAgent(address, { credentials, signal })));
  const agents = meetings.flatMap(meeting => (meeting.status === 'fulfilled' ? meeting.value : []));
  const failed = meetings.findIndex(meeting => meeting.status === 'rejected');
  if (failed === -1) return agents;
  for (const { connection } of agents) connection[Symbol.dispose]();
  signal.throwIfAborted();
  const { reason } = meetings[failed] as PromiseRejectedResult;
  throw new FleetError(`the telemetry agent at ${telemds[failed]} can't be used: ${(reason as Error).message}`);
}

interface Member {
  readonly pid: number;
  /** What it listens on under a name of its ready line. */
  address(kind: string): string;
  stop(): Promise<void>;
}

async function startMember(
  name: string,
  command: readonly string[],
  options: LocalFleetOptions,
  context: FleetOptions,
  onLost: (error: Error) => void,
  /** Variables that the experiment decides. */
  wanted: Readonly<Record<string, string>> = {},
): Promise<Member> {
  const child = await context.guard.start({
    command,
    directory: context.logDirectory,
    environment: { ...memberEnvironment(options, context.directory), ...wanted },
    log: join(context.logDirectory, `${name}.log`),
  });
  const addresses = await waitUntilReady(name, child, context.signal);
  let stopping = false;
  child.exited.then(async exit => {
    if (!stopping) onLost(new FleetError(await withTroubles(`${name} ${ended(exit)} in the run`, child.log)));
  });
  return {
    pid: child.pid,
    address(kind) {
      const address = addresses[kind];
      if (address === undefined) throw new FleetError(`${name} is ready and does not tell its ${kind} address`);
      return address;
    },
    stop() {
      stopping = true;
      return child.stop(stopGrace);
    },
  };
}

function memberEnvironment(options: LocalFleetOptions, directory: string): Record<string, string> {
  const { token } = options.credentials;
  // Theirs are the credentials of this program, and not what the environment would give it if it were alone.
  const foreign =
    /^(galileo_(metrics_listen|tls_(cert|key|ca)|insecure|advertise_host|redis_.*|etcd.*)|eb_go_lb_(etcd_host|zone|handler_type))$/;
  const inherited = Object.fromEntries(Object.entries(options.environment).filter(([name]) => !foreign.test(name)));
  return childEnvironment(inherited, {
    galileo_grpc_listen: '127.0.0.1:0',
    eb_go_lb_listen_port: '0',
    galileo_lb_listen_host: '127.0.0.1',
    galileo_bus: 'direct',
    galileo_recorder: options.recorder,
    // Client apps are found from where the experiment comes from, as its replicas' programs are.
    galileo_apps_dir: resolve(directory, inherited['galileo_apps_dir'] || 'apps'),
    ...(token === undefined ? {} : { galileo_token: token }),
    ...(options.spoolDir === undefined ? {} : { galileo_spool_dir: options.spoolDir }),
  });
}

async function waitUntilReady(name: string, child: GuardedProcess, signal: AbortSignal): Promise<Record<string, string>> {
  let exit: Exit | undefined;
  child.exited.then(value => {
    exit = value;
  });
  const end = performance.now() + readyTimeout * 1000;
  while (performance.now() < end) {
    const addresses = readyAddresses(await readFile(child.log, 'utf8'));
    if (addresses !== undefined) return addresses;
    if (exit !== undefined) throw new FleetError(await withTroubles(`${name} ${ended(exit)} before it was ready`, child.log));
    await sleep(readyInterval, undefined, { signal });
  }
  throw new FleetError(await withTroubles(`${name} was not ready within ${readyTimeout} s`, child.log));
}

/** `warn` of pino. */
const warning = 40;

/** A line of a service's log for a person; undefined if it tells of no trouble. What is no line of the log is kept as it is. */
function troubleIn(line: string): string | undefined {
  try {
    const { level, msg, err } = JSON.parse(line) as { level: number; msg: string; err?: { message: string } };
    if (level < warning) return undefined;
    return err === undefined ? msg : `${msg}: ${err.message}`;
  } catch {
    return line;
  }
}

/** Appends what the service has last said of trouble to a message, if it has. */
async function withTroubles(message: string, log: string): Promise<string> {
  const troubles = (await lastLines(log, 100)).map(troubleIn).filter(line => line !== undefined);
  return troubles.length === 0 ? message : `${message}; it said:\n${indented(troubles.slice(-20))}`;
}

function ended(exit: Exit): string {
  return exit.signal === null ? describeExit(exit) : `was ${describeExit(exit)}`;
}

/** The addresses of the line `{"msg":"ready","addresses":{…}}`, if it has been written whole. */
function readyAddresses(output: string): Record<string, string> | undefined {
  for (const line of output.split('\n').slice(0, -1)) {
    if (!line.includes('"ready"')) continue;
    try {
      const { msg, addresses } = JSON.parse(line) as { msg?: unknown; addresses?: Record<string, string> };
      if (msg === 'ready' && addresses !== undefined) return addresses;
    } catch {
      // Not a line of the log: something else that was printed.
    }
  }
  return undefined;
}
