import { parentPort, workerData } from 'node:worker_threads';
import { adoptGrpcLog, ConfigError, createLog, type LogLevel, startClock } from '@galileo/service';
import { received } from '../requests/request-spec.ts';
import { openShard } from './open-shard.ts';
import type { Figures, Shard, ShardEvents } from './shard.ts';
import type { FromThread, SentFigures, ShardCall, ThreadData, ToThread } from './thread-messages.ts';

function sent({ latency, releaseError, queueing, ...rest }: Figures): SentFigures {
  return { ...rest, latency: latency.encode(), releaseError: releaseError.encode(), queueing: queueing.encode() };
}

/** What is called of the shard, by its name. */
function callsOf(shard: Shard): Readonly<Record<ShardCall, (...args: never[]) => unknown>> {
  return {
    ...shard,
    create: (service: string, spec: Parameters<Shard['create']>[1], clients: Parameters<Shard['create']>[2]) =>
      shard.create(service, received(spec), clients),
    take: async (id: number) => sent(await shard.take(id)),
    end: () => shard[Symbol.asyncDispose](),
  };
}

/** Runs a shard in this thread for the one that has started it. */
export function runShardThread(): void {
  const { config, place } = workerData as ThreadData;
  const port = parentPort!;
  const post = (message: FromThread) => port.postMessage(message);
  const tell =
    (event: keyof ShardEvents) =>
    (...args: readonly unknown[]) =>
      post({ kind: 'event', event, args });
  const log = createLog('client', config.logLevel as LogLevel).child({ thread: place.index });
  adoptGrpcLog(log);
  let shard: Shard;
  try {
    shard = openShard(
      config,
      place,
      { log, clock: startClock(log) },
      {
        onDone: tell('onDone'),
        onFault: tell('onFault'),
        onIdle: tell('onIdle'),
        onConnection: tell('onConnection'),
      },
    );
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    post({ kind: 'refused', problems: error.problems });
    return;
  }
  const calls = callsOf(shard);

  async function answer(call: ShardCall, args: readonly unknown[], number: number): Promise<void> {
    try {
      post({ kind: 'answer', answer: number, value: await calls[call](...(args as never[])) });
    } catch (error) {
      post({ kind: 'failed', answer: number, error });
    }
  }

  port.on('message', ({ call, args, answer: number }: ToThread) => {
    if (number === undefined) calls[call](...(args as never[]));
    else void answer(call, args, number);
  });
  post({ kind: 'open' });
}
