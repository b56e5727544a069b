import type { Logger } from '@galileo/service';
import { createDoorbell } from '../doorbell.ts';
import type { RecordKindName } from '../kinds.ts';
import type { LostListener, Publisher } from '../publisher.ts';
import { replyError } from './errors.ts';
import { keepLinked } from './keep-linked.ts';
import { carryLink } from './link.ts';
import { createPipeline, type Entry } from './pipeline.ts';
import { isError } from './resp.ts';
import type { RedisSettings } from './settings.ts';

export interface RedisPublisherOptions {
  readonly redis: RedisSettings;
  /** Id under which the recorder knows the producer: `<service>/<node>/<nonce>`. */
  readonly producerId: string;
  readonly log: Logger;
  /** Most memory for what Redis has not yet answered, bytes; 64 MiB unless told. */
  readonly maxBytes?: number;
  /** How long disposal tries to deliver what is pending, seconds; 5 unless told. */
  readonly closeTimeout?: number;
}

/** A publisher to Redis. `flush` resolves when Redis has answered, or the line is counted as lost or uncertain. */
export interface RedisPublisher extends Publisher {
  /** Records that were written to a connection which broke before Redis answered: nobody knows whether they arrived. */
  readonly uncertain: Readonly<Record<RecordKindName, number>>;
  /** Whether Redis takes records now. */
  readonly connected: boolean;
}

/** How long the first line of a chunk waits for others, ms: writes and replies of many lines cost little more than of one. */
const maxWait = 5;

/** Losses are logged at most so often, ms. */
const reportInterval = 10_000;

/**
 * Opens the transport `redis`: PUBLISH, one line per message, pipelined by a writer of our own: a quarter of the CPU of an
 * ioredis pipeline (0.7 against 2.8 us per line in bench/redis.ts).
 *
 * A line waits in memory until it has been written to a connection. From then on nobody but Redis knows whether it was
 * published: when the connection breaks before the answer it is not sent again, as a duplicate could not be told from a
 * record, and counts as uncertain. A line that Redis refuses or that the cap pushes out counts as lost: it has reached nobody.
 */
export function openRedisPublisher(options: RedisPublisherOptions): RedisPublisher {
  const { redis, producerId, log } = options;
  const lost: Record<RecordKindName, number> = { trace: 0, telemetry: 0, event: 0 };
  const uncertain: Record<RecordKindName, number> = { trace: 0, telemetry: 0, event: 0 };
  const listeners: LostListener[] = [];
  let beforeSend = () => {};
  let reported = Number.NEGATIVE_INFINITY;
  const lose = ({ kind, channel, line }: Entry, reason: string) => {
    lost[kind]++;
    if (performance.now() - reported >= reportInterval) {
      reported = performance.now();
      log.warn({ producer: producerId, kind, channel, reason, lost: { ...lost } }, 'records are not published');
    }
    for (const listener of listeners) listener(kind, channel, line);
  };

  const bell = createDoorbell();
  const ended = new AbortController();
  let published = 0;
  let broken = 0;
  const pipeline = createPipeline({
    maxBytes: options.maxBytes ?? 64 * 1024 * 1024,
    beforeWrite: () => beforeSend(),
    onLost: lose,
    onUncertain({ kind }) {
      uncertain[kind]++;
      broken++;
    },
  });

  let timer: NodeJS.Timeout | undefined;
  let immediate: NodeJS.Immediate | undefined;
  const write = () => {
    clearTimeout(timer);
    clearImmediate(immediate);
    timer = undefined;
    immediate = undefined;
    pipeline.pump();
  };

  const abandon = () => {
    broken = 0;
    pipeline.closed();
    if (broken > 0) {
      const message = 'the connection to Redis broke before these records were answered: they may not have been published';
      log.warn({ producer: producerId, records: broken }, message);
    }
    bell.ring();
  };

  const running = keepLinked({
    settings: redis,
    what: 'publish',
    log,
    signal: ended.signal,
    async open(established) {
      try {
        await carryLink({
          settings: redis,
          name: producerId,
          signal: ended.signal,
          opened(link) {
            pipeline.opened(link);
            established();
          },
          message() {},
          reply(reply) {
            const entry = pipeline.answered();
            if (entry !== undefined && isError(reply)) lose(entry, replyError(reply.error, redis).message);
          },
          received() {
            pipeline.resume();
            bell.ring();
          },
          drained: pipeline.drained,
          ask: pipeline.ask,
        });
      } finally {
        abandon();
      }
    },
  });

  const flush = async (signal?: AbortSignal) => {
    write();
    const target = published;
    const stop = signal === undefined ? ended.signal : AbortSignal.any([signal, ended.signal]);
    if (!(await bell.until(() => pipeline.settled(target), stop))) stop.throwIfAborted();
  };

  const dispose = async () => {
    const timeout = options.closeTimeout ?? 5;
    await flush(AbortSignal.timeout(timeout * 1000)).catch(() => {
      log.error({ producer: producerId }, `Redis did not take all records within ${timeout} s`);
    });
    clearTimeout(timer);
    clearImmediate(immediate);
    ended.abort();
    await running;
    for (const entry of pipeline.clear()) lose(entry, 'the publisher is closed');
  };
  let disposed: Promise<void> | undefined;

  return {
    publish(kind, channel, line) {
      const entry: Entry = { kind, channel, line, size: Buffer.byteLength(line), number: ++published };
      if (ended.signal.aborted) {
        lose(entry, 'the publisher is closed');
        return;
      }
      pipeline.append(entry);
      if (!pipeline.ready) return;
      timer ??= setTimeout(write, maxWait);
      if (pipeline.ample) immediate ??= setImmediate(write);
    },
    flush,
    sequence: 0,
    lost,
    uncertain,
    get connected() {
      return pipeline.connected;
    },
    onLost: listener => {
      listeners.push(listener);
    },
    beforeSend(listener) {
      beforeSend = listener;
    },
    [Symbol.asyncDispose]: () => (disposed ??= dispose()),
  };
}
