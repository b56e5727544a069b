import type { Logger } from '@galileo/service';
import { type ServiceKind, serviceKey, serviceKeyPattern, serviceName, serviceRenewal, serviceTtl } from '@galileo/wire';
import type { RedisConnection } from './connect.ts';

export interface AnnounceOptions {
  readonly redis: RedisConnection;
  readonly kind: ServiceKind;
  /** Unique among those of its kind: the worker's name, the node's name. */
  readonly name: string;
  /** HOST:PORT under which others reach the service. */
  readonly address: string;
  readonly log: Logger;
  /** Seconds until the announcement expires when nothing is heard, and between its renewals; 15 and 5 unless told. */
  readonly ttl?: number;
  readonly renewal?: number;
}

/** Sets the key unless another address holds it; returns that address. In one step, so that two can't both take it. */
const claim = `
local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[1] then return held end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return false`;

/** Deletes the key if it is ours. */
const release = `
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return false`;

/**
 * Announces a service under `galileo:service:<kind>:<name>` and keeps that up, also over a loss of Redis, until disposal
 * withdraws it. A name that another address holds is taken only when that one has expired.
 */
export function announce(options: AnnounceOptions): AsyncDisposable {
  const { redis, kind, name, address, log } = options;
  const key = serviceKey(kind, name);
  const ttl = options.ttl ?? serviceTtl;
  let holder: string | undefined;
  let refused = false;
  let running: Promise<void> | undefined;
  let over = false;

  const renew = async () => {
    try {
      const found = (await redis.client.eval(claim, 1, key, address, Math.round(ttl * 1000))) as string | null;
      if (found !== null && found !== holder)
        log.warn({ key, address, holder: found }, 'the name of this service is taken by another');
      else if (found === null && holder !== undefined)
        log.info({ key, address }, 'the name of this service is free now and announced');
      holder = found ?? undefined;
      refused = false;
    } catch (error) {
      // The connection itself logs when it is down.
      if (redis.connected && !refused)
        log.error({ key, reason: (error as Error).message }, 'this service could not be announced');
      refused = redis.connected;
    }
  };
  const tick = () => {
    if (over || !redis.connected || running !== undefined) return;
    running = renew().finally(() => {
      running = undefined;
    });
  };
  redis.onConnection(tick);
  const timer = setInterval(tick, (options.renewal ?? serviceRenewal) * 1000);

  return {
    async [Symbol.asyncDispose]() {
      if (over) return;
      over = true;
      clearInterval(timer);
      await running;
      if (!redis.connected) return;
      await redis.client.eval(release, 1, key, address).catch((error: Error) => {
        log.warn({ key, reason: error.message }, 'this service could not be withdrawn; it expires by itself');
      });
    },
  };
}

/** The services of a kind that are announced now, sorted by name. @throws RedisError if Redis is away */
export async function discover(redis: RedisConnection, kind: ServiceKind): Promise<{ name: string; address: string }[]> {
  const keys = new Set<string>();
  let cursor = '0';
  do {
    const [next, found] = await redis.client.scan(cursor, 'MATCH', serviceKeyPattern(kind), 'COUNT', 1000);
    for (const key of found) keys.add(key);
    cursor = next;
  } while (cursor !== '0');
  if (keys.size === 0) return [];
  const sorted = [...keys].sort();
  const addresses = await redis.client.mget(sorted);
  return sorted.flatMap((key, i) => {
    const name = serviceName(kind, key);
    const address = addresses[i];
    return name === undefined || address == null ? [] : [{ name, address }];
  });
}
