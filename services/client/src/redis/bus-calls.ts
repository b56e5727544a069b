import { openRedisReader, type RedisConnection, type RedisReader, type RedisSettings } from '@galileo/bus';
import type { Logger } from '@galileo/service';
import {
  decodeRpcRequest,
  encodeRpcResponse,
  failedResponse,
  pingWorkers,
  registerWorkerCommand,
  rpcResponseKey,
  rpcResponseTtl,
} from '@galileo/wire';

export interface BusCallsOptions {
  /** Carries answers. */
  readonly redis: RedisConnection;
  readonly settings: RedisSettings;
  readonly worker: string;
  readonly log: Logger;
  /** All workers are to register again. */
  onRegister(): void;
  /** Calls are heard, or are no longer. */
  onState(subscribed: boolean): void;
}

/**
 * Takes what Galileo's controllers call on all workers: to register again, and to say who they are. Messages that are
 * malformed are logged and get no answer, as from the original.
 */
export function openBusCalls({ redis, settings, worker, log, onRegister, onState }: BusCallsOptions): RedisReader {
  async function answerPing(payload: string): Promise<void> {
    const request = decodeRpcRequest(payload);
    if (!request.ok) {
      log.warn({ call: pingWorkers.name, reason: request.reason }, 'a malformed call is ignored');
      return;
    }
    const key = rpcResponseKey(request.value.responseChannel);
    const argument = pingWorkers.decodeArgument(request.value);
    const response = argument.ok
      ? pingWorkers.encodeResult(worker)
      : encodeRpcResponse(failedResponse(pingWorkers.name, { type: 'TypeError', args: [argument.reason] }));
    // Two commands, as in the original: an answer that was taken in between needs no expiry.
    try {
      await Promise.all([redis.client.lpush(key, response), redis.client.expire(key, rpcResponseTtl)]);
    } catch (error) {
      log.warn({ call: pingWorkers.name, reason: (error as Error).message }, 'a call could not be answered');
    }
  }

  const handlers = new Map<string, (payload: string) => void>([
    [registerWorkerCommand.channel, onRegister],
    [pingWorkers.channel, payload => void answerPing(payload)],
  ]);

  return openRedisReader({
    redis: settings,
    log,
    name: 'calls',
    channels: [...handlers.keys()],
    onMessages(batch) {
      for (const { channel, line } of batch) handlers.get(channel)?.(line);
    },
    onState: ({ connected }) => onState(connected),
  });
}
