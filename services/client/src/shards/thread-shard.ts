import { Worker } from 'node:worker_threads';
import { decodeHistogram } from '@galileo/analysis';
import { ConfigError } from '@galileo/service';
import type { ShardConfig, ShardPlace } from './open-shard.ts';
import type { Figures, Shard, ShardEvents } from './shard.ts';
import type { FromThread, SentFigures, ShardCall, ThreadData, ToThread } from './thread-messages.ts';

function figuresOf({ latency, releaseError, queueing, ...rest }: SentFigures): Figures {
  return {
    ...rest,
    latency: decodeHistogram(latency),
    releaseError: decodeHistogram(releaseError),
    queueing: decodeHistogram(queueing),
  };
}

interface Answer {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/**
 * Opens a shard in a thread of its own.
 * @param onFailed the thread has ended by itself, with what was in it.
 * @throws (rejects with) ConfigError as `openShard` does
 */
export async function openThreadShard(
  config: ShardConfig,
  place: ShardPlace,
  events: ShardEvents,
  onFailed: (error: unknown) => void,
): Promise<Shard> {
  const workerData: ThreadData = { config, place };
  // The worker's own program, which knows that it runs in a thread: a second one would have to be kept in memory.
  const thread = new Worker(new URL('../main.ts', import.meta.url), { workerData });
  const answers = new Map<number, Answer>();
  const opened = Promise.withResolvers<void>();
  let asked = 0;
  let ended = false;
  /** Why it has ended by itself. */
  let failure: { readonly error: unknown } | undefined;

  const post = (message: ToThread) => thread.postMessage(message);
  const tell = (call: ShardCall, ...args: readonly unknown[]) => post({ call, args });
  const ask = async <T>(call: ShardCall, ...args: readonly unknown[]): Promise<T> => {
    if (failure !== undefined) throw failure.error;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    answers.set(asked, { resolve, reject });
    post({ call, args, answer: asked++ });
    return (await promise) as T;
  };

  function fail(error: unknown): void {
    if (ended || failure !== undefined) return;
    failure = { error };
    opened.reject(error);
    for (const { reject } of answers.values()) reject(error);
    onFailed(error);
  }

  function take(message: FromThread): void {
    switch (message.kind) {
      case 'open':
        opened.resolve();
        return;
      case 'refused':
        opened.reject(new ConfigError(message.problems));
        return;
      case 'event': {
        const listener = events[message.event] as (...args: readonly unknown[]) => void;
        listener(...message.args);
        return;
      }
      case 'answer':
        answers.get(message.answer)!.resolve(message.value);
        answers.delete(message.answer);
        return;
      case 'failed':
        answers.get(message.answer)!.reject(message.error);
        answers.delete(message.answer);
    }
  }

  thread.on('message', take);
  thread.on('error', fail);
  thread.on('exit', code => fail(new Error(`thread ${place.index} of the worker ended with code ${code}`)));
  try {
    await opened.promise;
  } catch (error) {
    ended = true;
    await thread.terminate();
    throw error;
  }

  return {
    ready: () => ask('ready'),
    warmUp: () => ask('warmUp'),
    reset: () => tell('reset'),
    create: (...args) => ask('create', ...args),
    close: numbers => tell('close', numbers),
    setRoutes: routes => tell('setRoutes', routes),
    start: (...args) => ask('start', ...args),
    stop: n => tell('stop', n),
    states: numbers => ask('states', numbers),
    watch: id => tell('watch', id),
    unwatch: id => tell('unwatch', id),
    take: async id => figuresOf(await ask<SentFigures>('take', id)),
    trace: on => tell('trace', on),
    async [Symbol.asyncDispose]() {
      try {
        await ask('end');
      } finally {
        ended = true;
        await thread.terminate();
      }
    },
  };
}
