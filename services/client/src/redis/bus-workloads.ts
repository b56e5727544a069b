import { randomInt } from 'node:crypto';
import type { RedisConnection } from '@galileo/bus';
import type { Logger } from '@galileo/service';
import { parseRecordedArrivals, recordedArrivalsKey, type SetWorkloadCommand, workloadDoneEvent } from '@galileo/wire';
import type { LoadClient, LoadGenerator } from '../load-generator.ts';
import type { Plan } from '../shards/shard.ts';
import type { BusMessages } from './bus-messages.ts';
import { busWorkload } from './bus-workload.ts';

export interface BusWorkloadsOptions {
  /** Where recorded inter-arrival times wait. */
  readonly redis: RedisConnection;
  readonly messages: Pick<BusMessages, 'tell' | 'withdraw'>;
  readonly generator: Pick<LoadGenerator, 'client' | 'start' | 'stop'>;
  readonly log: Logger;
}

/**
 * Gives clients the workloads that controllers ask for, and says when they are done: when the last answer is there, or at once
 * where there is nothing to do or the command can't be followed, so that nobody waits for ever.
 */
export function createBusWorkloads({ redis, messages, generator, log }: BusWorkloadsOptions) {
  /** The newest command to each client; what an older one still waits for has no effect any more. */
  const newest = new WeakMap<LoadClient, object>();

  function done({ id }: LoadClient): void {
    messages.tell(workloadDoneEvent.channel, workloadDoneEvent.encode({ clientId: id }), id);
  }

  /** At once. A client that gets no request any more is done with it. */
  async function start(client: LoadClient, plan: Plan): Promise<void> {
    const started = await generator.start(client, plan, {}, () => done(client));
    if (!('refusal' in started)) return;
    log.warn({ client: client.id, reason: started.refusal }, 'a workload is refused');
    if (generator.client(client.id) === client) done(client);
  }

  /** Takes the recorded inter-arrival times out of Redis; in one transaction, so that none comes in between. */
  async function takeRecorded({ id }: LoadClient): Promise<readonly number[]> {
    const key = recordedArrivalsKey(id);
    const replies = await redis.client.multi().llen(key).lrange(key, 0, -1).del(key).exec();
    const [error, values] = replies![1] as [Error | null, string[]];
    if (error !== null) throw error;
    const gaps = parseRecordedArrivals(values);
    if (!gaps.ok) throw new Error(gaps.reason);
    return gaps.value;
  }

  async function play(client: LoadClient, most: number): Promise<void> {
    const mine = {};
    newest.set(client, mine);
    const isNewest = () => newest.get(client) === mine && generator.client(client.id) === client;
    try {
      const gaps = await takeRecorded(client);
      if (!isNewest()) return;
      const played = gaps.slice(0, most);
      log.debug({ client: client.id, requests: played.length }, 'recorded inter-arrival times');
      await start(client, { kind: 'schedule', schedule: { arrival: { kind: 'recorded', gaps: played }, seed: 0 } });
    } catch (error) {
      if (!isNewest()) return;
      log.warn({ client: client.id, reason: (error as Error).message }, 'the recorded inter-arrival times can not be played');
      done(client);
    }
  }

  return {
    /** A command for a client of another worker has no effect. */
    set(command: SetWorkloadCommand): void {
      const client = generator.client(command.clientId);
      if (client === undefined) return;
      newest.delete(client);
      // Whoever replaces a workload does not wait for its end; told now it would be taken for that of the new one.
      messages.withdraw(client.id);
      const workload = busWorkload(command, randomInt(2 ** 48 - 1));
      if (workload.kind === 'schedule' || workload.kind === 'loop') void start(client, workload);
      else {
        generator.stop(client);
        if (workload.kind === 'recorded') {
          void play(client, workload.most);
          return;
        }
        if (workload.kind === 'refused') log.warn({ client: client.id, reason: workload.reason }, 'a workload is refused');
        done(client);
      }
    },

    stop(clientId: string): void {
      const client = generator.client(clientId);
      if (client === undefined) return;
      newest.delete(client);
      generator.stop(client);
    },
  };
}
