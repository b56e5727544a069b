import { randomBytes } from 'node:crypto';
import { createRoutingTable, type Route, RouteError } from '@galileo/routing';
import type { Trace } from '@galileo/wire';
import type { Schedule } from '@galileo/workload';
import { createDueHeap } from './due-heap.ts';
import type { EmulatedClient, InFlight, Plan } from './emulated-client.ts';
import { createFigures, type Snapshot, type Watcher } from './figures.ts';
import { createFlights } from './flights.ts';
import { hostsProblem } from './names.ts';
import { createPacer, type PacerTime, type Pacing } from './pacer.ts';
import { createRun } from './run.ts';
import type { Answer, OutgoingRequest, Sender } from './sender.ts';
import { createSettlement } from './settlement.ts';
import { hasFailed, traceOf } from './trace.ts';

export interface GeneratorOptions {
  readonly worker: string;
  readonly time: PacerTime;
  /** How exactly requests are awaited; `balanced` unless told. */
  readonly pacing?: Pacing;
  readonly sender: Sender;
  /** Requests on the way at a time; one more fails at once as `overload`. */
  readonly maxInFlight: number;
  /** A client was made. */
  onClient(client: EmulatedClient): void;
  /** A client is about to send a request. */
  onLaunch(client: EmulatedClient, counter: number): void;
  /** A request was answered or has failed. */
  onTrace(trace: Trace): void;
  /** Something went wrong that must not stop the load. */
  onError(error: unknown): void;
}

/** Hosts emulated clients and sends their requests when they are due, whatever became of the ones before (open loop). */
export function createGenerator(options: GeneratorOptions) {
  const { worker, time, sender, maxInFlight, onClient, onTrace, onError } = options;
  const clients = new Map<string, EmulatedClient>();
  const plans = createDueHeap<Plan>();
  const watchers = new Set<Watcher>();
  let routes: readonly Route[] = [];
  let numbered = 0;
  let planned = 0;
  let figures = createFigures();

  const nextDue = () => plans.top()?.due;
  const pacer = createPacer({ nextDue, release }, time, options.pacing);
  const flights = createFlights({
    ...{ now: time.now, sender, maxInFlight, onSettled, onError },
    onLaunch: ({ client, counter }) => options.onLaunch(client, counter),
  });
  const settlement = createSettlement({ nextDue, inFlight: flights.inFlight });
  const isIdle = () => nextDue() === undefined && flights.inFlight.size === 0;

  function progressed(): void {
    settlement.check();
    if (isIdle()) for (const watcher of watchers) watcher.onIdle();
  }

  function onSettled(request: InFlight, host: string | undefined, answer: Answer): void {
    const { client, created } = request;
    client.completed += 1;
    figures.completed += 1;
    if (hasFailed(answer)) {
      client.failed += 1;
      figures.failed += 1;
    } else {
      for (const { latency } of watchers) latency.record(Math.max(0, answer.done - created));
    }
    try {
      onTrace(traceOf(request, host, answer));
    } catch (error) {
      onError(error);
    }
    progressed();
  }

  /** Hands the request that is due first over, and plans the client's next one. */
  function release(now: number): void {
    const { client, run, due } = plans.top()!;
    run.take();
    const next = run.next();
    if (next === undefined) endPlan(client, now);
    else plans.advance(next);
    figures.released += 1;
    figures.releaseError.record(Math.max(0, now - due));
    flights.launch(client, due, now);
  }

  function endPlan(client: EmulatedClient, now: number): void {
    if (client.plan === undefined) return;
    figures.intendedBefore += client.plan.run.intended(now);
    plans.remove(client.plan);
    client.plan = undefined;
  }

  function setRoute(client: EmulatedClient): void {
    client.routes.replace(routes.filter(route => route.service === client.service));
  }

  function closeOne(client: EmulatedClient): void {
    endPlan(client, time.now());
    for (const request of client.inFlight) request.giveUp('cancelled');
    clients.delete(client.id);
  }

  return {
    /** Makes clients of a service. The first ones of a worker without clients begin its figures anew. */
    create(service: string, request: OutgoingRequest, count: number): EmulatedClient[] {
      if (clients.size === 0) figures = createFigures();
      return Array.from({ length: count }, () => {
        const n = numbered++;
        const client: EmulatedClient = {
          id: `${worker}:${service}:${n}`,
          n,
          service,
          token: randomBytes(8).toString('hex'),
          request,
          routes: createRoutingTable(),
          released: 0,
          completed: 0,
          failed: 0,
          plan: undefined,
          inFlight: new Set(),
        };
        setRoute(client);
        clients.set(client.id, client);
        onClient(client);
        return client;
      });
    },

    /** Ends clients. Their requests on the way are given up and recorded as cancelled. Returns the ids that there were. */
    close(ids: Iterable<string>): string[] {
      const found = [...new Set(ids)].map(id => clients.get(id)).filter(client => client !== undefined);
      for (const client of found) closeOne(client);
      progressed();
      return found.map(client => client.id);
    },

    client: (id: string) => clients.get(id),

    /** In order of creation. */
    clients: () => clients.values(),

    /** The routing table, in its order. */
    routes: () => routes,

    /** Replaces the routing table. @throws RouteError if a route does not fit; the old table then stays. */
    setRoutes(next: readonly Route[]): void {
      for (const { service, hosts } of next) {
        const problem = hostsProblem(hosts);
        if (problem !== undefined) throw new RouteError(service, problem);
      }
      createRoutingTable().replace(next);
      routes = next;
      for (const client of clients.values()) setRoute(client);
    },

    /** Gives a client a schedule from T0 = `start` on, UNIX seconds, in place of the one that it has. */
    start(client: EmulatedClient, schedule: Schedule, start: number): void {
      endPlan(client, time.now());
      const run = createRun(schedule, start);
      const due = run.next();
      if (due === undefined) {
        progressed();
        return;
      }
      client.plan = { client, run, due, order: planned++ };
      plans.push(client.plan);
      for (const { service, hosts } of routes) if (service === client.service) for (const host of hosts) sender.prepare(host);
      pacer.wake();
    },

    /** Ends a client's schedule; its requests on the way go on. */
    stop(client: EmulatedClient): void {
      endPlan(client, time.now());
      progressed();
    },

    /** Has no client a schedule, and is nothing on the way? */
    isIdle,

    snapshot(): Snapshot {
      const at = time.now();
      const { intendedBefore, released, completed, failed, releaseError } = figures;
      let intended = intendedBefore;
      for (const { plan } of clients.values()) intended += plan?.run.intended(at) ?? 0;
      return { at, intended, released, completed, failed, inFlight: flights.inFlight.size, releaseError, idle: isIdle() };
    },

    /** Follows the figures until the returned function is called. */
    watch(watcher: Watcher): () => void {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },

    /** Resolves when every request due before `to` (UNIX seconds) has its trace. */
    settled: settlement.settled,

    /** Earliest T0 that a schedule may have, UNIX seconds. */
    earliestStart: settlement.earliest,

    /** Stops pacing and gives up what is on the way. */
    end(): void {
      pacer.stop();
      for (const client of [...clients.values()]) closeOne(client);
      progressed();
    },
  };
}

export type Generator = ReturnType<typeof createGenerator>;
