import { announce, type Doorbell, openRedisReader, type RedisSettings, redisAddress } from '@galileo/bus';
import { connectRedis } from '@galileo/bus/connect-redis';
import type { Logger } from '@galileo/service';
import { eventChannel, traceChannel } from '@galileo/wire';
import type { BusRecord } from './bus-record.ts';
import { BusUnavailableError } from './errors.ts';
import { readNodes } from './redis-nodes.ts';

/** What the recorder hears from Redis. */
export interface RedisBus extends AsyncDisposable {
  readonly connected: boolean;
  /** Waits until it is heard. @throws BusUnavailableError after `timeout` seconds */
  listening(timeout: number): Promise<void>;
  /** What the nodes are that take Galileo's commands now, see `readNodes`. */
  nodes(): Promise<ReadonlyMap<string, Readonly<Record<string, string>>>>;
}

export interface RedisBusOptions {
  readonly redis: RedisSettings;
  /** HOST:PORT under which the recorder is announced, and its name. */
  readonly address: string;
  readonly name: string;
  readonly log: Logger;
  /** Rung whenever Redis is reached or lost. */
  readonly bell: Doorbell;
  take(records: readonly BusRecord[]): void;
  onState(connected: boolean): void;
}

/** Subscribes Galileo's channels and announces the recorder. It connects in the background, again and again. */
export function openRedisBus({ redis, address, name, log, bell, take, onState }: RedisBusOptions): RedisBus {
  let connected = false;
  const reader = openRedisReader({
    redis,
    log,
    name: 'recorder',
    patterns: ['telem/*'],
    channels: [traceChannel, eventChannel],
    onMessages: take,
    onState(state) {
      connected = state.connected;
      onState(connected);
      bell.ring();
    },
  });
  const commands = connectRedis(redis, { log, name: 'announcement' });
  const announcement = announce({ redis: commands, kind: 'recorder', name, address, log });
  return {
    get connected() {
      return connected;
    },
    async listening(timeout) {
      if (!(await bell.until(() => connected, undefined, timeout))) {
        throw new BusUnavailableError(`Redis at ${redisAddress(redis)}`);
      }
    },
    nodes: () => readNodes(commands),
    async [Symbol.asyncDispose]() {
      await announcement[Symbol.asyncDispose]();
      await commands[Symbol.asyncDispose]();
      await reader[Symbol.asyncDispose]();
    },
  };
}
