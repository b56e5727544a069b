import { defaultLimits, Head } from '@galileo/http1';
import type { Sender } from '../sender.ts';
import type { Shared } from './connection.ts';
import { createDeadlines } from './deadlines.ts';
import { Exchange, type Workshop } from './exchange.ts';
import { createHeaderEncoder } from './header-members.ts';
import { createHostPool, type HostPool } from './host-pool.ts';
import { createSerialiser } from './request-bytes.ts';

export interface HttpSenderOptions {
  /** UNIX seconds. */
  now(): number;
  /** Most connections to one host. */
  readonly connections: number;
  /** Bytes of each body that are kept; 0 for none. */
  readonly keepBody: number;
  /** Are response headers kept? */
  readonly keepHeaders: boolean;
  /** A connection that was opened ahead could not be established. */
  onIdleFailure(host: string, error: Error): void;
}

/** Seconds after which idle connections are looked at. */
const sweepEvery = 1;

/** Most bytes that are read at once. */
const readBytes = 64 * 1024;

interface Target {
  readonly pool: HostPool;
  readonly workshop: Workshop;
}

/** Sends requests over sockets, one at a time per connection. */
export function createHttpSender({ now, connections, keepBody, keepHeaders, onIdleFailure }: HttpSenderOptions): Sender {
  const targets = new Map<string, Target>();
  const deadlines = createDeadlines();
  const shared: Shared = { buffer: Buffer.allocUnsafeSlow(readBytes), head: new Head(defaultLimits), now };
  const serialise = createSerialiser();

  let sweeping: NodeJS.Timeout | undefined;
  /** Ends idle connections before their servers do, once a second while there are any. */
  function sweepSoon(): void {
    sweeping ??= setTimeout(() => {
      sweeping = undefined;
      const at = now();
      for (const { pool } of targets.values()) if (pool.sweep(at)) sweepSoon();
    }, sweepEvery * 1000).unref();
  }

  function targetOf(host: string): Target {
    let target = targets.get(host);
    if (target === undefined) {
      const onFailure = (error: Error) => onIdleFailure(host, error);
      const pool = createHostPool({ host, limit: connections, shared, onIdleFailure: onFailure, onIdle: sweepSoon });
      const headersOf = keepHeaders ? createHeaderEncoder() : () => null;
      target = { pool, workshop: { keepBody, deadlines, now, headersOf, bytesOf: request => serialise(request, host) } };
      targets.set(host, target);
    }
    return target;
  }

  return {
    send(host, request, reply) {
      const { workshop, pool } = targetOf(host);
      return new Exchange(workshop, pool, request, reply);
    },
    prepare(host, request) {
      if (request?.connections !== 'per-request') targetOf(host).pool.prepare();
    },
    retain(hosts) {
      for (const [host, { pool }] of targets) {
        if (hosts.has(host)) continue;
        targets.delete(host);
        pool.retire();
      }
    },
    async [Symbol.asyncDispose]() {
      clearTimeout(sweeping);
      for (const { pool } of targets.values()) pool.close();
    },
  };
}
