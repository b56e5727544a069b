import { setTimeout as sleep } from 'node:timers/promises';
import { announce, openRedisReader, type RedisSettings } from '@galileo/bus';
import { connectRedis } from '@galileo/bus/connect-redis';
import type { Logger } from '@galileo/service';
import { nodeInfoKey, parseTelemdCommand, type TelemdCommand, telemdCommandChannel } from '@galileo/wire';
import type { Agent } from './agent.ts';

export interface RedisSideOptions {
  readonly settings: RedisSettings;
  readonly node: string;
  /** HOST:PORT under which others reach the agent. */
  readonly address: string;
  readonly agent: Pick<Agent, 'pause' | 'unpause'>;
  readInfo(): Promise<Record<string, string>>;
  readonly log: Logger;
  /** Told of every change: is Redis connected, and are commands heard? */
  onState(usable: boolean): void;
}

/** Seconds that the end waits for Redis, so that there is time for the rest. */
const leaveLimit = 0.5;

/** Field of the node info that comes and goes with what can't be told. */
const unavailable = 'unavailable';

/**
 * The node's life in Redis: its info in `telemd.info:<node>`, its commands from `telemcmd/<node>` (whoever subscribes to such
 * a channel is a node, for Galileo's controllers), and its announcement to our orchestrator. The info is written whenever
 * commands are heard anew, since Redis may be empty then, and on request; it stays in the end, as recorders read it later.
 */
export function openRedisSide({ settings, node, address, agent, readInfo, log, onState }: RedisSideOptions): AsyncDisposable {
  const redis = connectRedis(settings, { log, name: 'node' });
  const key = nodeInfoKey(node);
  let subscribed = false;

  async function writeInfo(): Promise<void> {
    try {
      const info = await readInfo();
      // Fields of others stay: an adapter may have put labels there.
      const gone = Object.hasOwn(info, unavailable) ? [] : [redis.client.hdel(key, unavailable)];
      await Promise.all([...gone, redis.client.hset(key, info)]);
    } catch (error) {
      // What is missed while Redis is away is made up for when it is back.
      if (redis.connected) log.error({ node, reason: (error as Error).message }, 'the node info could not be written');
    }
  }

  const run: Readonly<Record<TelemdCommand, () => void>> = {
    pause: agent.pause,
    unpause: agent.unpause,
    info: () => void writeInfo(),
  };
  const take = (payload: string) => {
    const command = parseTelemdCommand(payload);
    if (command.ok) run[command.value]();
    else log.warn({ node, command: payload.slice(0, 100), reason: command.reason }, 'an unknown command is ignored');
  };

  const changed = () => {
    const usable = subscribed && redis.connected;
    onState(usable);
    if (usable) void writeInfo();
  };
  const reader = openRedisReader({
    redis: settings,
    log,
    name: 'commands',
    channels: [telemdCommandChannel(node)],
    onMessages(batch) {
      for (const { line } of batch) take(line);
    },
    onState({ connected }) {
      subscribed = connected;
      changed();
    },
  });
  redis.onConnection(changed);
  const announcement = announce({ redis, kind: 'telemd', name: node, address, log });

  return {
    async [Symbol.asyncDispose]() {
      const leaving = Promise.all([announcement[Symbol.asyncDispose](), reader[Symbol.asyncDispose]()]);
      // Redis may stand still.
      await Promise.race([leaving, sleep(leaveLimit * 1000, undefined, { ref: false })]);
      await redis[Symbol.asyncDispose]();
    },
  };
}
