import { randomBytes } from 'node:crypto';
import { createHistogram } from '@galileo/analysis';
import { createRoutingTable, type Route, RouteError } from '@galileo/routing';
import { hostsProblem } from './names.ts';
import { type RequestSpec, shareOf } from './requests/request-spec.ts';
import type {
  ClientIdentity,
  ClientState,
  Figures,
  Plan,
  Refused,
  Shard,
  ShardEvents,
  Started,
  WantedStart,
} from './shards/shard.ts';

/** Opens a shard that tells these events. */
export type OpenShard = (events: ShardEvents) => Promise<Shard>;

/** A workload that a client was given last. */
interface Run {
  readonly number: number;
  onDone(): void;
}

/** A client of the worker. */
export interface LoadClient extends ClientIdentity {
  /** Why it sends nothing any more; `undefined` while it can. */
  readonly fault: string | undefined;
}

interface Member extends ClientIdentity {
  readonly shard: Shard;
  fault: string | undefined;
  run: Run | undefined;
}

/** Follows the figures. */
export interface FigureWatch extends Disposable {
  /** The figures now, and the latencies since they were taken last. */
  take(): Promise<Figures>;
}

/** The figures of several shards as one's; its histograms are good until the next time. */
function merged(all: readonly Figures[]): Figures {
  if (all.length === 1) return all[0]!;
  const sum = (of: (figures: Figures) => number) => all.reduce((total, figures) => total + of(figures), 0);
  const histogram = (of: 'latency' | 'releaseError' | 'queueing') => {
    const total = createHistogram();
    for (const figures of all) total.add(figures[of]);
    return total;
  };
  return {
    at: Math.max(...all.map(({ at }) => at)),
    intended: sum(({ intended }) => intended),
    released: sum(({ released }) => released),
    completed: sum(({ completed }) => completed),
    failed: sum(({ failed }) => failed),
    inFlight: sum(({ inFlight }) => inFlight),
    idle: all.every(({ idle }) => idle),
    latency: histogram('latency'),
    releaseError: histogram('releaseError'),
    queueing: histogram('queueing'),
  };
}

/**
 * Opens what a worker generates load with: its clients, spread evenly over shards.
 * @throws what opening a shard throws
 */
export async function openLoadGenerator(worker: string, openers: readonly OpenShard[]) {
  const members = new Map<string, Member>();
  const byNumber = new Map<number, Member>();
  /** Member by the number of its workload. */
  const running = new Map<number, Member>();
  const watchers = new Map<number, () => void>();
  const listeners: ((connected: boolean) => void)[] = [];
  const connections = openers.map(() => false);
  let routes: readonly Route[] = [];
  let numbered = 0;
  let runs = 0;
  let watched = 0;

  const isConnected = () => connections.every(connected => connected);
  const eventsOf = (index: number): ShardEvents => ({
    onDone(number) {
      const member = running.get(number);
      if (member === undefined) return;
      const { onDone } = member.run!;
      forgetRun(member);
      onDone();
    },
    onFault(n, fault) {
      const member = byNumber.get(n);
      if (member !== undefined) member.fault = fault;
    },
    onIdle() {
      for (const onIdle of watchers.values()) onIdle();
    },
    onConnection(connected) {
      connections[index] = connected;
      for (const listener of listeners) listener(isConnected());
    },
  });

  function forgetRun(member: Member): void {
    if (member.run !== undefined) running.delete(member.run.number);
    member.run = undefined;
  }

  const opening = await Promise.allSettled(openers.map((open, index) => open(eventsOf(index))));
  const shards = opening.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []));
  const disposeAll = async () => {
    await Promise.all(shards.map(shard => shard[Symbol.asyncDispose]()));
  };
  const failed = opening.find(result => result.status === 'rejected');
  if (failed !== undefined) {
    await disposeAll();
    throw failed.reason;
  }
  const shardOf = (n: number) => shards[n % shards.length]!;

  /** Numbers of clients by their shards. */
  function byShard(numbers: readonly number[]): Map<Shard, number[]> {
    return Map.groupBy(numbers, shardOf);
  }

  function closeAll(closing: readonly Member[]): void {
    for (const member of closing) {
      forgetRun(member);
      members.delete(member.id);
      byNumber.delete(member.n);
    }
    for (const [shard, numbers] of byShard(closing.map(({ n }) => n))) shard.close(numbers);
  }

  return {
    /** Resolves when traces are taken. */
    async ready(): Promise<void> {
      await Promise.all(shards.map(shard => shard.ready()));
    },

    /** Tells whether traces reach their place: at once, and at every change. */
    onConnection(listener: (connected: boolean) => void): void {
      listeners.push(listener);
      listener(isConnected());
    },

    /** Gets ready for the first load. */
    async warmUp(): Promise<void> {
      await Promise.all(shards.map(shard => shard.warmUp()));
    },

    /**
     * Makes clients of a service, which can take work then. The first ones of a worker without clients begin its figures anew.
     * @throws (rejects with) what hinders one of them; then there are none of them.
     */
    async create(service: string, spec: RequestSpec, count: number): Promise<LoadClient[]> {
      if (members.size === 0) for (const shard of shards) shard.reset();
      const first = numbered;
      numbered += count;
      const made = Array.from({ length: count }, (_, position): Member => {
        const n = first + position;
        const token = randomBytes(8).toString('hex');
        return { id: `${worker}:${service}:${n}`, n, service, token, shard: shardOf(n), fault: undefined, run: undefined };
      });
      for (const member of made) {
        members.set(member.id, member);
        byNumber.set(member.n, member);
      }
      const parts = made.slice(0, shards.length).map(({ shard }, position) => {
        const identities = made
          .filter((_, index) => index % shards.length === position)
          .map(({ id, n, token }): ClientIdentity => ({ id, n, service, token }));
        return shard.create(service, shareOf(spec, position, shards.length), identities);
      });
      // What is still being made can not be closed yet.
      const failed = (await Promise.allSettled(parts)).find(part => part.status === 'rejected');
      if (failed === undefined) return made;
      closeAll(made);
      throw failed.reason;
    },

    /** Ends clients. Their requests on the way are given up and recorded as cancelled. Returns the ids that there were. */
    close(ids: Iterable<string>): string[] {
      const closing = [...new Set(ids)].map(id => members.get(id)).filter(member => member !== undefined);
      closeAll(closing);
      return closing.map(({ id }) => id);
    },

    client: (id: string): LoadClient | undefined => members.get(id),

    /** In order of creation. */
    clients: (): Iterable<LoadClient> => members.values(),

    /** How clients stand; of those that are gone there is nothing. */
    async states(clients: readonly LoadClient[]): Promise<readonly (ClientState | undefined)[]> {
      const found = new Map<number, ClientState | undefined>();
      const ask = async ([shard, numbers]: [Shard, number[]]) => {
        const states = await shard.states(numbers);
        for (const [index, n] of numbers.entries()) found.set(n, states[index]);
      };
      await Promise.all(Array.from(byShard(clients.map(({ n }) => n)), ask));
      return clients.map(({ n }) => found.get(n));
    },

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
      for (const shard of shards) shard.setRoutes(next);
    },

    /**
     * Gives a client a workload, which has been checked, in place of the one that it has.
     * @param onDone called once when everything has been handed over and the last answer is there, or the client gets no request
     * any more; never if the workload is stopped or replaced before, from this call on.
     */
    async start({ id }: LoadClient, plan: Plan, wanted: WantedStart = {}, onDone = () => {}): Promise<Started | Refused> {
      const member = members.get(id);
      if (member === undefined) return { refusal: `client_id: ${id} was closed` };
      forgetRun(member);
      const run: Run = { number: runs++, onDone };
      member.run = run;
      running.set(run.number, member);
      const started = await member.shard.start(member.n, run.number, plan, wanted);
      if ('refusal' in started && member.run === run) forgetRun(member);
      return started;
    },

    /** Ends a client's workload; its requests on the way go on. */
    stop({ id }: LoadClient): void {
      const member = members.get(id);
      if (member === undefined) return;
      forgetRun(member);
      member.shard.stop(member.n);
    },

    /** Follows the figures. `onIdle` is called when a shard has nothing more to do: the figures say whether all have. */
    watch(onIdle: () => void): FigureWatch {
      const id = watched++;
      watchers.set(id, onIdle);
      for (const shard of shards) shard.watch(id);
      return {
        take: async () => merged(await Promise.all(shards.map(shard => shard.take(id)))),
        [Symbol.dispose]() {
          watchers.delete(id);
          for (const shard of shards) shard.unwatch(id);
        },
      };
    },

    /** Are requests that end recorded? They are from the start on. */
    trace(on: boolean): void {
      for (const shard of shards) shard.trace(on);
    },

    [Symbol.asyncDispose]: disposeAll,
  };
}

export type LoadGenerator = Awaited<ReturnType<typeof openLoadGenerator>>;
