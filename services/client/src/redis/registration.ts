import type { RedisConnection } from '@galileo/bus';
import type { Logger } from '@galileo/service';
import {
  type ClientDescription,
  clientKey,
  encodeClientDescription,
  registerWorkerEvent,
  unregisterWorkerEvent,
  workerClientsKey,
  workerLabelsKey,
  workersKey,
} from '@galileo/wire';
import { type Pipeline, run } from './pipeline.ts';
import { within } from './within.ts';

export interface RegistrationOptions {
  readonly redis: RedisConnection;
  readonly worker: string;
  /** Without any secret. */
  readonly labels: Readonly<Record<string, string>>;
  readonly log: Logger;
}

/** The worker's entries in Redis, as Galileo's controllers read them. Nothing of it blocks, and none of it throws. */
export interface Registration extends AsyncDisposable {
  /**
   * Writes all entries, whatever is there: at the start, on request, and when Redis is back, be it empty. Resolves when that is
   * done, or could not be.
   */
  register(): Promise<void>;
  /** Enters clients. Resolves when that is done, or can't be now and will be made up for. */
  opened(clients: readonly ClientDescription[]): Promise<void>;
  /** Removes clients. */
  closed(ids: readonly string[]): void;
}

/** Seconds that the end waits for Redis, which may stand still, so that there is time for the rest. */
export const leaveLimit = 1;

/**
 * Keeps a worker registered: `galileo:workers`, the hash of its labels, its set of clients and their descriptions. Unlike the
 * original it restores its clients (`discover` deletes the set), clears what a predecessor of the same name left behind after
 * it was killed, and deletes the hash in the end.
 * Disposing it takes everything back, in the order of the original, if Redis answers in time.
 */
export function createRegistration({ redis, worker, labels, log }: RegistrationOptions): Registration {
  const { client } = redis;
  const clientsKey = workerClientsKey(worker);
  const labelsKey = workerLabelsKey(worker);
  const descriptions = new Map<string, string>();
  let registered = false;
  let ended = false;

  /** One thing after the other, so that what is written last is what was meant last. */
  let work: Promise<void> = Promise.resolve();
  function enqueue(what: string, action: () => Promise<void>): Promise<void> {
    work = work.then(async () => {
      // What is missed while Redis is away is made up for when it is back.
      if (!redis.connected) return;
      try {
        await action();
      } catch (error) {
        if (redis.connected) log.error({ worker, reason: (error as Error).message }, what);
      }
    });
    return work;
  }

  async function clearRemains(): Promise<void> {
    const [members, fields] = await Promise.all([client.smembers(clientsKey), client.hkeys(labelsKey)]);
    const clients = members.filter(id => !descriptions.has(id));
    const old = fields.filter(field => !Object.hasOwn(labels, field));
    const pipeline = client.pipeline();
    if (clients.length > 0) pipeline.srem(clientsKey, ...clients).del(...clients.map(clientKey));
    if (old.length > 0) pipeline.hdel(labelsKey, ...old);
    if (pipeline.length > 0) await run(pipeline);
  }

  function writeClients(pipeline: Pipeline, ids: Iterable<string>): void {
    for (const id of ids) {
      const description = descriptions.get(id);
      if (description !== undefined) pipeline.sadd(clientsKey, id).set(clientKey(id), description);
    }
  }

  async function writeAll(): Promise<void> {
    await clearRemains();
    const pipeline = client.pipeline().sadd(workersKey, worker);
    if (Object.keys(labels).length > 0) pipeline.hmset(labelsKey, labels);
    writeClients(pipeline, descriptions.keys());
    pipeline.publish(registerWorkerEvent.channel, registerWorkerEvent.encode({ name: worker }));
    await run(pipeline);
    registered = true;
    log.debug({ worker }, 'registered');
  }

  async function takeBack(): Promise<void> {
    const pipeline = client.pipeline().srem(workersKey, worker).del(clientsKey);
    pipeline.publish(unregisterWorkerEvent.channel, unregisterWorkerEvent.encode({ name: worker }));
    for (const id of descriptions.keys()) pipeline.del(clientKey(id));
    // The original leaves its hash behind, with all that it says; nobody needs it once the worker is gone.
    await run(pipeline.del(labelsKey));
    registered = false;
  }

  return {
    async register() {
      if (!ended) await enqueue('the worker could not be registered', writeAll);
    },
    async opened(clients) {
      if (ended) return;
      for (const one of clients) descriptions.set(one.clientId, encodeClientDescription(one));
      await enqueue('clients could not be registered', async () => {
        if (!registered) return;
        const pipeline = client.pipeline();
        writeClients(
          pipeline,
          clients.map(({ clientId }) => clientId),
        );
        if (pipeline.length > 0) await run(pipeline);
      });
    },
    closed(ids) {
      if (ended || ids.length === 0) return;
      for (const id of ids) descriptions.delete(id);
      void enqueue('clients could not be taken back', async () => {
        const pipeline = client.pipeline();
        for (const id of ids) pipeline.del(clientKey(id)).srem(clientsKey, id);
        await run(pipeline);
      });
    },
    async [Symbol.asyncDispose]() {
      ended = true;
      if (redis.connected && !registered) await within(leaveLimit, work);
      if (!registered) return;
      void enqueue('the worker could not be taken back', takeBack);
      await within(leaveLimit, work);
      if (registered) log.warn({ worker }, 'Redis does not answer: the registration of this worker stays behind');
    },
  };
}
