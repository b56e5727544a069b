import { createHistogram, type Histogram } from '@galileo/analysis';
import { redisSettings } from '@galileo/bus';
import { spoolSettings } from '@galileo/reconcile';
import { ConfigError, credentialsOf, type ServiceContext } from '@galileo/service';
import { createSchedule } from '@galileo/workload';
import { deferBackgroundThreads } from '../background-threads.ts';
import type { ClientConfig } from '../config.ts';
import { createDebugSender } from '../debug-sender.ts';
import { type EmulatedClient, isBusy } from '../emulated-client.ts';
import type { Watcher } from '../figures.ts';
import { createGenerator } from '../generator.ts';
import { createHttpSender } from '../http/http-sender.ts';
import { processTime } from '../pacer-time.ts';
import { transportOf } from '../requests/request-spec.ts';
import { createRouter, parseStaticHost, type StaticHost } from '../router.ts';
import { openFileTraces } from '../traces/file-traces.ts';
import { noTraces } from '../traces/no-traces.ts';
import { openRecordedTraces } from '../traces/recorded-traces.ts';
import { openRehearsalTraces } from '../traces/rehearsal-traces.ts';
import { createTracing } from '../traces/tracing.ts';
import { createTransports } from '../transports.ts';
import { warmUp } from '../warm-up.ts';
import type { ClientState, Shard, ShardEvents } from './shard.ts';
import { tZero } from './t-zero.ts';

/** The config of a worker whose name is known. Plain data. */
export type ShardConfig = ClientConfig & { readonly worker: string };

/** Which of how many shards of a worker it is, from 0. */
export interface ShardPlace {
  readonly index: number;
  readonly of: number;
}

function staticHostOf({ staticHost }: ClientConfig): StaticHost {
  try {
    return parseStaticHost(staticHost);
  } catch (error) {
    throw new ConfigError([`galileo_router_static_host: ${(error as Error).message}`]);
  }
}

/** Follows the figures: latencies are counted in the one of two histograms that is not being told. */
interface Watch extends Watcher {
  latency: Histogram;
  spare: Histogram;
}

function stateOf(client: EmulatedClient): ClientState {
  const { released, completed, failed, unsuccessful } = client;
  return { released, completed, failed, unsuccessful, busy: isBusy(client), scheduleHash: client.schedule?.hash() };
}

/**
 * Opens a shard in this thread.
 * @throws ConfigError for a static host that is none, or a place for traces that can't be used
 */
export function openShard(config: ShardConfig, place: ShardPlace, { log, clock }: ServiceContext, events: ShardEvents): Shard {
  const { worker, recorder, bus } = config;
  const now = () => clock.now();
  const time = processTime(now);
  const router = createRouter(config.routerType, staticHostOf(config));
  const senderOptions = {
    now,
    connections: config.connections,
    keepHeaders: config.traceLogging !== 'none' && config.traceContent !== 'none',
    keepBody: config.traceLogging !== 'none' && config.traceContent === 'all' ? config.traceBodyBytes : 0,
    onIdleFailure: (host: string, error: Error) => log.debug({ host, err: error }, 'could not connect ahead'),
  };
  // Whatever the transport: what goes nowhere must not leave the worker.
  const reaching = <T>(make: () => T) => (router.reaches ? make() : createDebugSender(now));
  const sender = createTransports(
    reaching(() => createHttpSender(senderOptions)),
    {
      undici: () => reaching(async () => (await import('../undici/undici-sender.ts')).createUndiciSender(senderOptions)),
      grpc: () => reaching(async () => (await import('../grpc-target/grpc-sender.ts')).createGrpcSender(senderOptions)),
    },
  );
  const generator = createGenerator({
    worker,
    time,
    sender,
    router,
    maxInFlight: Math.ceil(config.maxInFlight / place.of),
    pacing: config.pacing,
    openLog: client => tracing.logOf(traces.openClient(client)),
    onError: error => log.error({ err: error }, 'a request could not be sent or recorded'),
    onFault({ id, n, fault }) {
      log.error({ client: id, reason: fault }, 'a client sends nothing any more');
      events.onFault(n, fault!);
    },
    onIdle: events.onIdle,
    onOutput: (app, line) => log.debug({ app, line }, 'an app has printed'),
  });
  // A schedule that is under way would burst or stall if the time it goes by were set anew.
  const anchor = clock.keepAnchorWhile(() => !generator.isIdle());
  const { maxBytes, ...whole } = spoolSettings(config, { service: 'client', node: worker, recorder });
  const spool = { ...whole, maxBytes: Math.ceil(maxBytes / place.of) };
  const openTraces = () => {
    if (config.traceLogging === 'none') return noTraces;
    if (config.traceLogging === 'file') {
      const part = place.of === 1 ? worker : `${worker}.${place.index}`;
      return openFileTraces({ directory: config.traceDirectory, worker: part, log });
    }
    const transport = { bus, redis: redisSettings(config) };
    const credentials = credentialsOf(config);
    return openRecordedTraces({ transport, recorder, credentials, worker, spool, clock, log, settle: generator.settled });
  };
  const openTracesOfRehearsal = async () =>
    config.traceLogging === 'redis' ? await openRehearsalTraces({ spool, clock, log }) : noTraces;
  const traces = openTraces();
  const tracing = createTracing(() => traces.flush());
  traces.onConnection(events.onConnection);

  const clients = new Map<number, EmulatedClient>();
  const watches = new Map<number, Watch>();
  let warm: Promise<void> | undefined;

  async function rehearse(): Promise<void> {
    try {
      await warmUp(time, openTracesOfRehearsal);
    } catch (error) {
      log.warn({ err: error }, 'could not warm up: the first requests may be slow');
    }
    // Not before: the rehearsal is what they are to compile.
    deferBackgroundThreads();
  }

  return {
    ready: () => traces.ready(),
    async warmUp() {
      warm ??= rehearse();
      await warm;
    },
    reset: generator.reset,
    async create(service, spec, identities) {
      const transport = transportOf(spec);
      if (transport !== undefined) await sender.load(transport);
      for (const client of generator.create(service, spec, identities)) clients.set(client.n, client);
    },
    close(numbers) {
      const closing = numbers.map(n => clients.get(n)).filter(client => client !== undefined);
      for (const { n } of closing) clients.delete(n);
      generator.close(closing);
    },
    setRoutes: generator.setRoutes,
    async start(n, run, plan, wanted) {
      const client = clients.get(n);
      if (client === undefined) return { refusal: `client_id: client ${n} of worker ${worker} was closed` };
      if (client.fault !== undefined) return { refusal: `client_id: ${client.id} sends nothing any more: ${client.fault}` };
      const started = tZero(wanted, {
        now: now(),
        earliest: generator.earliestStart(),
        clockEstimate: () => traces.clockEstimate(),
      });
      if ('refusal' in started) return started;
      const onDone = () => events.onDone(run);
      if (plan.kind === 'loop') generator.startLoop(client, plan.loop, started.at, { onDone });
      else {
        const { schedule, limit } = plan;
        generator.start(client, createSchedule(schedule), started.at, { onDone, ...(limit && { limit }) });
      }
      return started;
    },
    stop(n) {
      const client = clients.get(n);
      if (client !== undefined) generator.stop(client);
    },
    states: async numbers =>
      numbers.map(n => {
        const client = clients.get(n);
        return client && stateOf(client);
      }),
    watch(id) {
      const watch: Watch = { latency: createHistogram(), spare: createHistogram() };
      watches.set(id, watch);
      generator.watch(watch);
    },
    unwatch(id) {
      const watch = watches.get(id);
      if (watch !== undefined) generator.unwatch(watch);
      watches.delete(id);
    },
    async take(id) {
      const watch = watches.get(id)!;
      const { latency } = watch;
      watch.latency = watch.spare;
      watch.latency.reset();
      watch.spare = latency;
      return { ...generator.snapshot(), latency };
    },
    trace(on) {
      if (on) tracing.start();
      else tracing.pause();
    },
    async [Symbol.asyncDispose]() {
      generator.end();
      await Promise.all([sender[Symbol.asyncDispose](), traces[Symbol.asyncDispose]()]);
      anchor[Symbol.dispose]();
    },
  };
}
