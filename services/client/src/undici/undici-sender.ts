import type { Sender } from '../sender.ts';
import { exchange } from './exchange.ts';
import { createHostPool, type HostPool } from './host-pool.ts';

export interface UndiciSenderOptions {
  /** UNIX seconds. */
  now(): number;
  /** Most connections to one host. */
  readonly connections: number;
  /** Bytes of each body that are kept; 0 for none. */
  readonly keepBody: number;
  /** A connection that was opened ahead could not be established. */
  onIdleFailure(host: string, error: Error): void;
}

/** Sends requests with undici, one at a time per connection. */
export function createUndiciSender({ now, connections, keepBody, onIdleFailure }: UndiciSenderOptions): Sender {
  const pools = new Map<string, HostPool>();

  function poolOf(host: string): HostPool {
    let pool = pools.get(host);
    if (pool === undefined) {
      pool = createHostPool({ host, limit: connections, now, onIdleFailure: error => onIdleFailure(host, error) });
      pools.set(host, pool);
    }
    return pool;
  }

  return {
    send: (host, request, done) => exchange({ pool: poolOf(host), request, keepBody, now, done }),
    prepare: host => poolOf(host).prepare(),
    async [Symbol.asyncDispose]() {
      for (const pool of pools.values()) pool.close();
    },
  };
}
