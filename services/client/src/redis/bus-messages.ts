import { type RedisConnection, RedisError } from '@galileo/bus';
import type { Logger } from '@galileo/service';
import { rpcResponseTtl } from '@galileo/wire';
import { run } from './pipeline.ts';

/** What a worker tells controllers. Nothing of it blocks, and none of it throws. */
export interface BusMessages {
  /** Publishes that something happened to a client. */
  tell(channel: string, payload: string, client: string): void;
  /** Puts the answer to a call where its caller waits for it. */
  answer(key: string, response: string): void;
  /** What was kept about a client means nothing any more. */
  withdraw(client: string): void;
  /** Redis is back, and with it the worker: says what was kept, in its order. */
  resume(): void;
  /** Nothing more will be said. Logs how much of what was kept was never said. */
  end(): void;
}

export interface BusMessagesOptions {
  readonly redis: RedisConnection;
  readonly log: Logger;
  /** UNIX seconds. */
  now(): number;
  /** Most messages that are kept; 10,000 unless told. */
  readonly most?: number;
}

interface Message {
  /** For the log. */
  readonly about: string;
  /** Whom it is about, if it is a client. */
  readonly client?: string;
  /** UNIX seconds after which it is of no use. */
  readonly until: number;
  withdrawn?: boolean;
  send(again: boolean): Promise<unknown>;
}

/**
 * Says things over Redis, and keeps what could not be said while Redis was away: a controller that waits for the end of a workload
 * must hear of it. What was under way when the connection broke may have been heard, and is said again: an end can be heard
 * twice, an answer that still waits in its list is put there once. Beyond the limit the oldest are dropped.
 */
export function createBusMessages({ redis, log, now, most = 10_000 }: BusMessagesOptions): BusMessages {
  const { client: commands } = redis;
  let kept: Message[] = [];
  const underWay = new Set<Message>();
  let dropped = 0;

  function keep(message: Message): void {
    if (kept.push(message) <= most) return;
    kept.shift();
    dropped += 1;
    if (dropped === 1) log.warn({ most }, 'too many messages wait for Redis: the oldest are dropped');
  }

  let asking = false;
  /** A connection that ends is followed by another one; one that was only slow, by nothing: so its next answer is awaited. */
  function askSoon(): void {
    if (asking) return;
    asking = true;
    commands
      .ping()
      .then(resume, () => {})
      .finally(() => {
        asking = false;
      });
  }

  async function send(message: Message, again: boolean): Promise<void> {
    underWay.add(message);
    try {
      await message.send(again);
      underWay.delete(message);
    } catch (error) {
      underWay.delete(message);
      if (message.withdrawn) return;
      if (error instanceof RedisError) {
        keep(message);
        if (redis.connected) askSoon();
      } else log.warn({ about: message.about, reason: (error as Error).message }, 'Redis refuses a message');
    }
  }

  /** Behind what is kept, since it came later. */
  function say(message: Message): void {
    if (redis.connected && kept.length === 0) void send(message, false);
    else keep(message);
  }

  function resume(): void {
    if (!redis.connected || kept.length + dropped === 0) return;
    const useful = kept.filter(({ until }) => now() < until);
    const late = kept.length - useful.length;
    log.info({ messages: useful.length, late, dropped }, 'tells what could not be told while Redis was away');
    kept = [];
    dropped = 0;
    for (const message of useful) void send(message, true);
  }

  return {
    tell(channel, payload, client) {
      say({ about: channel, client, until: Number.POSITIVE_INFINITY, send: () => commands.publish(channel, payload) });
    },
    answer(key, response) {
      say({
        about: key,
        until: now() + rpcResponseTtl,
        send: again =>
          again
            ? run(commands.multi().lrem(key, 0, response).lpush(key, response).expire(key, rpcResponseTtl))
            : // Two commands, as in the original: an answer that was taken in between needs no expiry.
              Promise.all([commands.lpush(key, response), commands.expire(key, rpcResponseTtl)]),
      });
    },
    withdraw(client) {
      kept = kept.filter(message => message.client !== client);
      for (const message of underWay) if (message.client === client) message.withdrawn = true;
    },
    resume,
    end() {
      if (kept.length + dropped > 0)
        log.warn({ messages: kept.length, dropped }, 'Redis did not come back: messages were never told');
      kept = [];
    },
  };
}
