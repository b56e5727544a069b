import type { GuardedProcess } from '../guard-client.ts';

/** A replica that is to be there before the load begins. */
export interface ReplicaPlan {
  /** `<service>-<n>`. */
  readonly name: string;
  readonly service: string;
  /** Node and zone from the file. */
  readonly node: string;
  readonly zone: string;
  readonly weight: number;
  readonly ready: { readonly path: string | undefined /** Seconds. */; readonly timeout: number };
}

export interface Replica {
  readonly plan: ReplicaPlan;
  /** HOST:PORT. */
  readonly address: string;
  /** Undefined if it was not started here. */
  readonly process: GuardedProcess | undefined;
}

/** A replica did not become ready; of one that was started here the message ends with its last output lines. */
export class ReplicaNotReadyError extends Error {
  readonly replica: string;
  constructor(replica: string, message: string) {
    super(message);
    this.name = 'ReplicaNotReadyError';
    this.replica = replica;
  }
}

/** Milliseconds between two probes. */
export const probeInterval = 50;
