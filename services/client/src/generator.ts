import { createRoutingTable, type Route } from '@galileo/routing';
import type { Schedule } from '@galileo/workload';
import { type ClosedLoop, createClosedLoop } from './closed-loop.ts';
import { createDueHeap } from './due-heap.ts';
import type { ActiveWorkload, EmulatedClient, InFlight, RequestLog } from './emulated-client.ts';
import { createFigures, type Snapshot, type Watcher } from './figures.ts';
import { createFlights } from './flights.ts';
import { hashedSchedule } from './hashed-schedule.ts';
import { createOpenLoop, type FlightLimit } from './open-loop.ts';
import { createPacer, type PacerTime, type Pacing } from './pacer.ts';
import { requestSources } from './requests/request-sources.ts';
import type { RequestSpec } from './requests/request-spec.ts';
import { SourceError } from './requests/source-errors.ts';
import type { Router } from './router.ts';
import type { Answer, Sender } from './sender.ts';
import { createSettlement } from './settlement.ts';
import type { ClientIdentity } from './shards/shard.ts';
import { hasFailed } from './trace.ts';
import type { HandOver, Workload } from './workload.ts';

export interface GeneratorOptions {
  readonly worker: string;
  readonly time: PacerTime;
  /** How exactly requests are awaited; `balanced` unless told. */
  readonly pacing?: Pacing;
  readonly sender: Sender;
  readonly router: Router;
  /** Requests on the way at a time; one more fails at once as `overload`. */
  readonly maxInFlight: number;
  /** Makes what is told of the requests of a client. */
  openLog(client: ClientIdentity): RequestLog;
  /** Something went wrong that must not stop the load. */
  onError(error: unknown): void;
  /** A client gets no request any more; `client.fault` says why. Without it `onError` is told. */
  onFault?(client: EmulatedClient): void;
  /** The last workload is done and the last request answered. */
  onIdle?(): void;
  /** An app has printed a line. */
  onOutput?(app: string, line: string): void;
}

/** What goes with a workload. */
export interface WorkloadOptions {
  /**
   * Called once when everything has been handed over and the last answer is there, or its client gets no request any more;
   * never if it is stopped or replaced before.
   */
  readonly onDone?: () => void;
  /** Of a schedule alone; no limit but that of the generator unless told. */
  readonly limit?: FlightLimit;
}

/** Hosts emulated clients and hands over their requests: when they are due (open loop), or when others end (closed loop). */
export function createGenerator(options: GeneratorOptions) {
  const { worker, time, sender, router, maxInFlight, openLog, onError } = options;
  const clients = new Set<EmulatedClient>();
  const plans = createDueHeap<ActiveWorkload>();
  const watchers = new Set<Watcher>();
  let routes: readonly Route[] = [];
  let planned = 0;
  let figures = createFigures();

  const nextDue = () => plans.top()?.due;
  const pacer = createPacer({ nextDue, release }, time, options.pacing);
  const flights = createFlights({
    ...{ now: time.now, sender, router, maxInFlight, onSettled, onFault, onError },
  });
  const settlement = createSettlement({ nextDue, inFlight: flights.inFlight });
  const isIdle = () => nextDue() === undefined && flights.inFlight.length === 0;

  function progressed(): void {
    settlement.check();
    if (isIdle()) options.onIdle?.();
  }

  function onSettled(request: InFlight, answer: Answer): void {
    const { client, origin, created } = request;
    client.completed += 1;
    if (answer.sent >= 0) figures.queueing.record(Math.max(0, answer.sent - request.released));
    if (answer.status < 0 || answer.status >= 300) client.unsuccessful += 1;
    figures.completed += 1;
    if (hasFailed(answer)) {
      client.failed += 1;
      figures.failed += 1;
    } else {
      for (const { latency } of watchers) latency.record(Math.max(0, answer.done - created));
    }
    try {
      client.log.ended(request, answer);
    } catch (error) {
      onError(error);
    }
    origin.workload.settled(answer.done);
    // While it is releasing, what follows is done when it has.
    if (origin.releasing) return;
    if (!origin.planned) plan(origin);
    endIfOver(origin);
    progressed();
  }

  /** Lets the pacer know when a workload is due, if it is. */
  function plan(active: ActiveWorkload): void {
    const due = active.workload.nextDue();
    if (due === undefined) return;
    active.due = due;
    active.planned = true;
    plans.push(active);
    pacer.wake();
  }

  /** Lets the workload that is due first hand over, and plans when it is due next. */
  function release(now: number): void {
    const active = plans.top()!;
    active.releasing = true;
    active.workload.release(now);
    active.releasing = false;
    const next = active.workload.nextDue();
    if (next === undefined) {
      plans.pop();
      active.planned = false;
      endIfOver(active);
      progressed();
    } else plans.advance(next);
  }

  /** Takes a workload from its client. */
  function retire(active: ActiveWorkload, now: number): void {
    active.ended = true;
    figures.intendedBefore += active.workload.intended(now);
    if (active.client.active === active) active.client.active = undefined;
  }

  function endIfOver(active: ActiveWorkload): void {
    if (active.ended || !active.workload.isOver()) return;
    retire(active, time.now());
    active.onDone();
  }

  function stopOne({ active }: EmulatedClient): void {
    if (active === undefined) return;
    retire(active, time.now());
    active.workload.stop();
    if (active.planned) plans.remove(active);
    active.planned = false;
  }

  function startOne(client: EmulatedClient, due: number, onDone: () => void, make: (handOver: HandOver) => Workload): void {
    stopOne(client);
    const handOver: HandOver = (created, released, refusal) => {
      figures.released += 1;
      if (active.workload.scheduled) figures.releaseError.record(Math.max(0, released - created));
      flights.launch(active, created, released, refusal);
    };
    const active: ActiveWorkload = {
      ...{ client, workload: make(handOver), onDone, due, order: planned++ },
      ...{ planned: false, releasing: false, ended: false },
    };
    client.active = active;
    plan(active);
    if (active.planned) prepare(client);
    endIfOver(active);
    progressed();
  }

  /** Opens connections ahead. */
  function prepare({ service, source }: EmulatedClient): void {
    const own = () => routes.filter(route => route.service === service).flatMap(route => route.hosts);
    for (const host of router.host === undefined ? own() : [router.host]) {
      sender.prepare(host, source.typical);
      source.prepare?.(host);
    }
  }

  /** A client gets no request any more: its workload is over. */
  function onFault(client: EmulatedClient, error: unknown): void {
    if (client.fault !== undefined) return;
    client.fault = error instanceof SourceError ? error.message : String(error);
    const { active } = client;
    stopOne(client);
    active?.onDone();
    if (error instanceof SourceError && options.onFault !== undefined) options.onFault(client);
    else onError(error);
    progressed();
  }

  function setRoute(client: EmulatedClient): void {
    client.routes.replace(routes.filter(route => route.service === client.service));
  }

  function closeAll(closing: ReadonlySet<EmulatedClient>): void {
    for (const client of closing) stopOne(client);
    for (const request of flights.inFlight.filter(({ client }) => closing.has(client))) request.giveUp('cancelled');
    for (const client of closing) {
      client.source.close();
      clients.delete(client);
    }
  }

  return {
    /** Makes clients of a service. */
    create(service: string, spec: RequestSpec, identities: readonly ClientIdentity[]): EmulatedClient[] {
      const open = requestSources(spec, {
        outgoing: request => router.outgoing(service, request),
        reaches: router.reaches,
        onOutput: options.onOutput,
      });
      return identities.map(identity => {
        const client: EmulatedClient = {
          ...identity,
          source: open({ ...identity, worker }),
          log: openLog(identity),
          fault: undefined,
          routes: createRoutingTable(),
          released: 0,
          completed: 0,
          failed: 0,
          unsuccessful: 0,
          active: undefined,
          schedule: undefined,
        };
        setRoute(client);
        clients.add(client);
        return client;
      });
    },

    /** Ends clients. Their requests on the way are given up and recorded as cancelled. */
    close(closing: Iterable<EmulatedClient>): void {
      closeAll(new Set(closing));
      progressed();
    },

    /** Replaces the routing table, which has been checked. */
    setRoutes(next: readonly Route[]): void {
      routes = next;
      for (const client of clients) setRoute(client);
      sender.retain?.(new Set(router.host === undefined ? routes.flatMap(({ hosts }) => hosts) : [router.host]));
    },

    /** Gives a client a schedule from T0 = `start` on, UNIX seconds, in place of the workload that it has. */
    start(client: EmulatedClient, schedule: Schedule, start: number, { onDone = () => {}, limit }: WorkloadOptions = {}): void {
      const hashed = hashedSchedule(schedule);
      client.schedule = hashed;
      startOne(client, start, onDone, handOver => createOpenLoop(hashed, start, limit, handOver));
    },

    /** Gives a client a closed loop (see `closedLoopProblem`) from `start` on, UNIX seconds, in place of the workload that it has. */
    startLoop(client: EmulatedClient, loop: ClosedLoop, start: number, { onDone = () => {} }: WorkloadOptions = {}): void {
      client.schedule = undefined;
      startOne(client, start, onDone, handOver => createClosedLoop(loop, start, time.now, handOver));
    },

    /** Ends a client's workload; its requests on the way go on. */
    stop(client: EmulatedClient): void {
      stopOne(client);
      progressed();
    },

    /** Has no client something to hand over, and is nothing on the way? */
    isIdle,

    snapshot(): Snapshot {
      const at = time.now();
      const { intendedBefore, released, completed, failed, releaseError, queueing } = figures;
      let intended = intendedBefore;
      for (const { active } of clients) intended += active?.workload.intended(at) ?? 0;
      const counts = { intended, released, completed, failed, inFlight: flights.inFlight.length };
      return { at, ...counts, releaseError, queueing, idle: isIdle() };
    },

    /** Begins the figures anew. */
    reset(): void {
      figures = createFigures();
    },

    /** Follows the figures until `unwatch`. */
    watch(watcher: Watcher): void {
      watchers.add(watcher);
    },
    unwatch(watcher: Watcher): void {
      watchers.delete(watcher);
    },

    /** Resolves when every request due before `to` (UNIX seconds) has its trace. */
    settled: settlement.settled,

    /** Earliest T0 that a schedule may have, UNIX seconds. */
    earliestStart: settlement.earliest,

    /** Stops pacing and gives up what is on the way. */
    end(): void {
      pacer.stop();
      closeAll(new Set(clients));
      progressed();
    },
  };
}
