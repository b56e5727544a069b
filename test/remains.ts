// What a cluster leaves where others can read it, as texts by place.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cluster, MemberName } from './cluster.ts';

type Redis = ReturnType<Cluster['redis']['client']>;

/** All keys with their values, and what Redis tells of its clients. */
export async function redisRemains(redis: Redis): Promise<string> {
  const keys: string[] = [];
  for await (const batch of redis.scanStream({ count: 1000 })) keys.push(...(batch as string[]));
  const entries = await Promise.all(keys.map(async key => ({ key, value: await readKey(redis, key) })));
  const asides = await Promise.all([redis.client('LIST'), redis.call('ACL', 'LOG'), redis.call('SLOWLOG', 'GET', '1000')]);
  return JSON.stringify([entries, asides]);
}

async function readKey(redis: Redis, key: string): Promise<unknown> {
  switch (await redis.type(key)) {
    case 'string':
      return redis.get(key);
    case 'hash':
      return redis.hgetall(key);
    case 'set':
      return redis.smembers(key);
    case 'list':
      return redis.lrange(key, 0, -1);
    case 'zset':
      return redis.zrange(key, '0', '-1', 'WITHSCORES');
    case 'stream':
      return redis.xrange(key, '-', '+');
    default:
      // It has expired.
      return null;
  }
}

/** All files of a directory, and of those in it. */
export function fileRemains(directory: string): [path: string, text: string][] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
    .map(path => [path, readFileSync(path, 'latin1')]);
}

/** What a member answers to Prometheus. */
export async function metricsOf(cluster: Cluster, name: MemberName): Promise<string> {
  const { metrics } = await cluster.member(name).ready();
  return await (await fetch(`http://${metrics}/metrics`)).text();
}
