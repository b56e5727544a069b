import { hostname } from 'node:os';
import { splitAddress } from '@galileo/service';
import type { AgentMember, NamedProcess } from '../fleet/fleet.ts';
import { isThisMachine } from '../this-machine.ts';

/** The telemetry agents of an experiment. Disposing it takes back what they were told to follow. */
export interface Observation extends AsyncDisposable {
  /** Node info per node, as the agents name themselves. */
  readonly nodes: ReadonlyMap<string, Readonly<Record<string, string>>>;
}

export interface ObservationOptions {
  readonly agents: readonly AgentMember[];
  /** Nodes that are to be observed; none means all. Not looked at where `placed` is false. */
  readonly wanted: readonly string[];
  /** Do the file's nodes have agents of their own? Otherwise they are labels of this machine. */
  readonly placed: boolean;
  /** Seconds between two samples. */
  readonly period: number;
  /** Processes of this machine. */
  readonly processes: readonly NamedProcess[];
}

/** Sets the period of the wanted nodes' agents, and what those of this machine follow. */
export async function observe(options: ObservationOptions): Promise<Observation> {
  const { placed, period, wanted } = options;
  const agents = placed && wanted.length > 0 ? options.agents.filter(agent => wanted.includes(agent.name)) : options.agents;
  // Process ids mean something on this machine only.
  const local = agents.filter(agent => isThisMachine(splitAddress(agent.connection.address).host));
  const shares = shareProcesses(
    options.processes,
    local.map(agent => agent.name),
    hostname(),
  );
  for (const agent of agents) await setPeriod(agent, period);
  for (const [index, { connection }] of local.entries()) {
    const own = shares[index]!.map(({ name, pid }) => ({ name, pid }));
    // What others report may run below one of these: without a name it is kept apart.
    const others = shares.flatMap((share, i) => (i === index ? [] : share)).map(({ pid }) => ({ name: '', pid }));
    await connection.client.setProcesses({ processes: [...own, ...others] });
  }
  return {
    nodes: new Map(agents.map(agent => [agent.name, agent.info])),
    async [Symbol.asyncDispose]() {
      // An agent that is gone follows nothing any more.
      await Promise.allSettled(
        local.map(({ connection }) =>
          connection.client.setProcesses({ processes: [] }, { signal: AbortSignal.timeout(farewell * 1000) }),
        ),
      );
    },
  };
}

/** Seconds that an agent gets to let go of processes. */
const farewell = 2;

/**
 * Gives each process of this machine to one of its agents, for what several measured would be counted several times: to
 * the one of its node, else to the one of the machine's own name, else to the first.
 * @returns the processes of each node, in the order of `nodes`
 */
export function shareProcesses(processes: readonly NamedProcess[], nodes: readonly string[], machine: string): NamedProcess[][] {
  const shares: NamedProcess[][] = nodes.map(() => []);
  const own = Math.max(0, nodes.indexOf(machine));
  for (const process of processes) {
    const index = process.node === undefined ? -1 : nodes.indexOf(process.node);
    shares[index === -1 ? own : index]?.push(process);
  }
  return shares;
}

async function setPeriod({ connection: { client } }: AgentMember, period: number): Promise<void> {
  const { instruments } = await client.listInstruments({});
  const differs = instruments.some(instrument => instrument.enabled && Math.abs(instrument.period - period) > 1e-9);
  if (differs) await client.setPeriod({ instrument: '', period });
}
