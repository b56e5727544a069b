import type { LoadClientDefinition } from '@galileo/proto/client';
import type { LoadBalancerDefinition } from '@galileo/proto/loadbalancer';
import type { Connection } from '@galileo/service';
import type { Guard } from '../guard-client.ts';

/** A load client service. */
export interface WorkerMember {
  /** Name for a person: `client-0`, or the address. */
  readonly name: string;
  readonly connection: Connection<typeof LoadClientDefinition>;
}

/** A load balancer. */
interface BalancerMember {
  readonly name: string;
  readonly connection: Connection<typeof LoadBalancerDefinition>;
  /** HOST:PORT that it takes requests at. */
  readonly data: string;
}

/** A process of this machine whose usage is reported. */
export interface NamedProcess {
  readonly name: string;
  readonly pid: number;
}

/** What carries an experiment's load. Disposing it lets go of it, and ends what was started for it. */
export interface Fleet extends AsyncDisposable {
  readonly workers: readonly WorkerMember[];
  readonly balancers: readonly BalancerMember[];
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
  /** Directory for the output of processes. */
  readonly logDirectory: string;
  /** Aborts the opening. */
  readonly signal: AbortSignal;
}

/** Makes a fleet for one experiment. */
export type OpenFleet = (options: FleetOptions) => Promise<Fleet>;
