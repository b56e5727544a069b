import { discover, type RedisConnection } from '@galileo/bus';
import type { Kind } from './missing.ts';

/** A service that may become a member. */
export interface Candidate {
  readonly kind: Kind;
  /** Name that it is announced under; its address if it was given by that. */
  readonly name: string;
  /** HOST:PORT. */
  readonly address: string;
  /** HOST:PORT that a load balancer takes requests at, if that was given too. */
  readonly data?: string | undefined;
}

/** Where the services of a kind are looked for. */
export interface Source {
  readonly kind: Kind;
  /** Were they named one by one, so that each of them has to be there, and no other comes? */
  readonly given: boolean;
  /** @throws what Redis answers, or that it is away */
  find(): Promise<readonly Candidate[]>;
}

/** Services that were given by their addresses; `data` in the same order. */
export function givenSource(kind: Kind, addresses: readonly string[], data?: readonly string[]): Source {
  const candidates = addresses.map((address, index) => ({ kind, name: address, address, data: data?.[index] }));
  return { kind, given: true, find: async () => candidates };
}

/** Services that have announced themselves in Redis. */
export function discoveredSource(kind: Kind, redis: RedisConnection): Source {
  return {
    kind,
    given: false,
    async find() {
      const found = await discover(redis, kind);
      return found
        .map(({ name, address }) => ({ kind, name, address }))
        .sort((one, other) => one.name.localeCompare(other.name, 'en', { numeric: true }));
    },
  };
}
