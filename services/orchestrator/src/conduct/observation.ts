import { TelemdDefinition } from '@galileo/proto/telemd';
import { type Connection, connect } from '@galileo/service';
import type { NamedProcess } from '../fleet/fleet.ts';

/** The telemetry agents of an experiment. Disposing it lets go of them and takes back what they were told to follow. */
export interface Observation extends AsyncDisposable {
  /** Node info per node, as the agents name themselves. */
  readonly nodes: ReadonlyMap<string, Readonly<Record<string, string>>>;
}

export interface ObservationOptions {
  /** HOST:PORT of the agents. */
  readonly telemds: readonly string[];
  readonly token: string | undefined;
  /** Nodes that are to be observed; none means all. Not looked at where `placed` is false. */
  readonly wanted: readonly string[];
  /** Do the file's nodes have agents of their own? Otherwise they are labels of this machine. */
  readonly placed: boolean;
  /** Seconds between two samples. */
  readonly period: number;
  /** Processes of this machine. */
  readonly processes: readonly NamedProcess[];
}

/** A telemetry agent can't be used. */
class ObservationError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'ObservationError';
  }
}

interface Agent {
  readonly connection: Connection<typeof TelemdDefinition>;
  readonly node: string;
  readonly info: Readonly<Record<string, string>>;
}

/** Finds the agents of the wanted nodes, and sets their period and what they follow. @throws ObservationError */
export async function observe(options: ObservationOptions): Promise<Observation> {
  const { telemds, token } = options;
  const all: Agent[] = [];
  const release = () => {
    for (const { connection } of all) connection[Symbol.dispose]();
  };
  try {
    for (const address of telemds) all.push(await meet(address, token));
    return await setUp(all, options, release);
  } catch (error) {
    release();
    throw error;
  }
}

async function setUp(all: readonly Agent[], options: ObservationOptions, release: () => void): Promise<Observation> {
  const { placed, period, processes } = options;
  const wanted = placed && options.wanted.length > 0 ? options.wanted : all.map(agent => agent.node);
  const agents = all.filter(agent => wanted.includes(agent.node));
  const missing = wanted.filter(node => !agents.some(agent => agent.node === node));
  if (missing.length > 0) {
    const found = all.map(agent => agent.node).join(', ') || 'none';
    throw new ObservationError(`no telemetry agent observes ${missing.join(', ')}; found agents of: ${found}`);
  }
  for (const { connection } of agents) {
    await setPeriod(connection, period);
    // Process ids mean something on this machine only.
    if (isLocal(connection.address)) await connection.client.setProcesses({ processes: [...processes] });
  }
  return {
    nodes: new Map(agents.map(agent => [agent.node, agent.info])),
    async [Symbol.asyncDispose]() {
      for (const { connection } of agents) {
        // An agent that is gone follows nothing any more.
        if (isLocal(connection.address)) await connection.client.setProcesses({ processes: [] }).catch(() => {});
      }
      release();
    },
  };
}

async function meet(address: string, token: string | undefined): Promise<Agent> {
  const connection = connect(TelemdDefinition, address, { token, timeout: 5 });
  try {
    const { node, info } = await connection.client.getNodeInfo({});
    return { connection, node, info };
  } catch (error) {
    connection[Symbol.dispose]();
    throw new ObservationError(`the telemetry agent at ${address} can't be used: ${(error as Error).message}`, error);
  }
}

async function setPeriod({ client }: Agent['connection'], period: number): Promise<void> {
  const { instruments } = await client.listInstruments({});
  const differs = instruments.some(instrument => instrument.enabled && Math.abs(instrument.period - period) > 1e-9);
  if (differs) await client.setPeriod({ instrument: '', period });
}

function isLocal(address: string): boolean {
  return /^(127\.|localhost:|\[::1\])/.test(address);
}
