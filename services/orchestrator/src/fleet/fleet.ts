import type { ExperimentSpec } from '@galileo/experiment';
import type { LoadClientDefinition } from '@galileo/proto/client';
import type { LoadBalancerDefinition, WeightSource } from '@galileo/proto/loadbalancer';
import type { TelemdDefinition } from '@galileo/proto/telemd';
import type { Connection } from '@galileo/service';
import type { Guard } from '../guard-client.ts';

/** A load client service. */
export interface WorkerMember {
  /** Name for a person and first part of its clients' ids. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly connection: Connection<typeof LoadClientDefinition>;
}

/** A load balancer. */
export interface BalancerMember {
  readonly name: string;
  /** Zone whose weights it uses. */
  readonly zone: string;
  readonly weightSource: WeightSource;
  /** HOST:PORT that it takes requests at. */
  readonly data: string;
  readonly connection: Connection<typeof LoadBalancerDefinition>;
}

/** A telemetry agent. */
export interface AgentMember {
  /** The node that it observes, as it names it. */
  readonly name: string;
  /** Node info. */
  readonly info: Readonly<Record<string, string>>;
  readonly connection: Connection<typeof TelemdDefinition>;
}

/** Those who carry an experiment. */
export interface Members {
  readonly workers: readonly WorkerMember[];
  readonly balancers: readonly BalancerMember[];
  readonly agents: readonly AgentMember[];
}

/** A process of this machine whose usage is reported. */
export interface NamedProcess {
  readonly name: string;
  readonly pid: number;
  /** Node that it is said to run on; undefined if the file says nothing of it. */
  readonly node?: string;
}

/** The members of one experiment. Disposing it lets go of them, and ends what was started for it. */
export interface Fleet extends Members, AsyncDisposable {
  /** Processes that were started for the experiment. */
  readonly processes: readonly NamedProcess[];
  /** Do workers and nodes have names and labels that placement has to respect? Not where all is this machine. */
  readonly placed: boolean;
  /** Resolves with an error if a member is lost. */
  readonly lost: Promise<Error>;
}

export interface FleetOptions {
  /** Starts processes. */
  readonly guard: Guard;
  /** Directory that the experiment was submitted from. */
  readonly directory: string;
  /** Directory for the output of processes. */
  readonly logDirectory: string;
  /** What the fleet is for. */
  readonly spec: ExperimentSpec;
  /** Told what is being done, for a person. */
  phase(text: string): void;
  /** Told what is notable, for a person. */
  remark(text: string): void;
  /** Aborts the opening. */
  readonly signal: AbortSignal;
}

/** Makes a fleet for one experiment. */
export type OpenFleet = (options: FleetOptions) => Promise<Fleet>;

/** A fleet could not be got together, or a member of it has ended. */
export class FleetError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'FleetError';
  }
}
