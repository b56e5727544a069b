import { silentLog } from '@galileo/testkit';
import { openRedisReader, type RedisMessage, type RedisReaderOptions } from '../src/index.ts';

/** A reader that keeps what it hears, subscribed. */
export async function follow(options: Pick<RedisReaderOptions, 'redis'> & Partial<RedisReaderOptions>) {
  const messages: RedisMessage[] = [];
  const states: boolean[] = [];
  const reader = openRedisReader({
    log: silentLog,
    onMessages: batch => {
      messages.push(...batch);
    },
    onState: state => {
      states.push(state.connected);
    },
    ...options,
  });
  await reader.subscribed();
  return {
    follow: reader.follow,
    unfollow: reader.unfollow,
    messages,
    states,
    lines: () => messages.map(({ line }) => line),
    subscribed: () => reader.subscribed(AbortSignal.timeout(10_000)),
    [Symbol.asyncDispose]: () => reader[Symbol.asyncDispose](),
  };
}
