import { openRedisReader, type RedisConnection, type RedisReader, type RedisSettings } from '@galileo/bus';
import type { Logger } from '@galileo/service';
import {
  type ClientConfig,
  type ClientDescription,
  clientInfos,
  closeClientCommand,
  createClientCommand,
  createClients,
  pauseTracingCommand,
  pingWorkers,
  registerWorkerCommand,
  setWorkloadCommand,
  startTracingCommand,
  stopWorkloadCommand,
} from '@galileo/wire';
import type { LoadGenerator } from '../load-generator.ts';
import type { RequestSpec } from '../requests/request-spec.ts';
import { createBusClients } from './bus-clients.ts';
import type { BusMessages } from './bus-messages.ts';
import { createBusWorkloads } from './bus-workloads.ts';
import { callHandler, commandHandler } from './calls.ts';
import { infoPattern } from './info-pattern.ts';
import type { Registration } from './registration.ts';

export interface BusCallsOptions {
  readonly redis: RedisConnection;
  readonly messages: BusMessages;
  readonly settings: RedisSettings;
  readonly worker: string;
  readonly log: Logger;
  readonly generator: LoadGenerator;
  readonly registration: Pick<Registration, 'register' | 'opened' | 'closed'>;
  /** What so many clients of a configuration send. @throws (rejects with) CallError or RequestError. */
  requestOf(config: ClientConfig, count: number): Promise<RequestSpec>;
  /** Calls are heard, or are no longer. */
  onState(subscribed: boolean): void;
}

/** What Galileo's controllers call and command, by its handlers. */
export interface BusCalls extends AsyncDisposable {
  /** Clients were closed, by whomever. */
  closed(ids: readonly string[]): void;
}

/** What all clients hear together. */
const ofClients = { channels: [setWorkloadCommand.channel, stopWorkloadCommand.channel] };

/**
 * Takes what Galileo's controllers call and command: a worker's part from the start on, its clients' part while there are some
 * that were made over the bus. Messages that are malformed are logged and get no answer, as from the original.
 */
export function openBusCalls(options: BusCallsOptions): BusCalls {
  const { settings, worker, log, generator, registration } = options;
  const clients = createBusClients(options);
  const workloads = createBusWorkloads(options);

  function closed(ids: readonly string[]): void {
    const gone = clients.forget(ids);
    if (gone.length === 0) return;
    reader.unfollow({ patterns: gone.map(({ n }) => infoPattern(n)) });
    if (clients.isEmpty()) reader.unfollow(ofClients);
  }

  /** Subscribes first and answers then, so that what is sent right after the answer is heard. */
  async function create(command: Parameters<typeof clients.create>[0]): Promise<readonly ClientDescription[]> {
    const made = await clients.create(command);
    if (made.length === 0) return [];
    await reader.follow({ ...ofClients, patterns: made.map(({ client }) => infoPattern(client.n)) });
    const descriptions = made.map(({ description }) => description);
    await registration.opened(descriptions);
    log.info({ service: command.config.service, clients: made.length }, 'clients were made over the bus');
    return descriptions;
  }

  function close(clientId: string): void {
    const ids = generator.close([clientId]);
    closed(ids);
    registration.closed(ids);
  }

  const creation = createClients(worker);
  // The first seven are subscribed to at the start, in the order of the original.
  const ofWorker: readonly (readonly [channel: string, handler: (payload: string) => void])[] = [
    // Published by no original part, and ignored by the original worker too: clients are made by the call below.
    [createClientCommand.channel, () => {}],
    [closeClientCommand.channel, commandHandler(closeClientCommand, log, ({ clientId }) => close(clientId))],
    [registerWorkerCommand.channel, () => void registration.register()],
    [startTracingCommand.channel, () => generator.trace(true)],
    [pauseTracingCommand.channel, () => generator.trace(false)],
    [pingWorkers.channel, callHandler(pingWorkers, options, () => worker)],
    [creation.channel, callHandler(creation, options, create)],
  ];
  const handlers = new Map([
    ...ofWorker,
    [setWorkloadCommand.channel, commandHandler(setWorkloadCommand, log, workloads.set)],
    [stopWorkloadCommand.channel, commandHandler(stopWorkloadCommand, log, ({ clientId }) => workloads.stop(clientId))],
    [clientInfos.channel, callHandler(clientInfos, options, (_, { responseChannel }) => clients.nextInfo(responseChannel))],
  ]);

  const reader: RedisReader = openRedisReader({
    redis: settings,
    log,
    name: 'calls',
    channels: ofWorker.map(([channel]) => channel),
    onMessages(batch) {
      for (const { channel, line } of batch) handlers.get(channel)?.(line);
    },
    onState: ({ connected }) => options.onState(connected),
  });

  return { closed, [Symbol.asyncDispose]: () => reader[Symbol.asyncDispose]() };
}
