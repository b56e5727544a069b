import { createWeightedRoundRobin, milliWeights, type WeightedRoundRobin } from '@galileo/routing';
import type { Counters, Replica } from './replica.ts';

/** A function with its replicas, in the order of the round. */
export interface FunctionWeights {
  readonly name: string;
  readonly replicas: readonly { readonly address: string; readonly weight: number }[];
}

/** The functions that are balanced. */
export interface Functions extends AsyncDisposable {
  /**
   * Replaces functions as wholes and removes others, all of it before the next request is balanced. The round's position stays, and
   * so do the connections to replicas that stay; what is the same already is left alone. A function may have no replicas for a
   * time, which is not the same as not to be there. Weights and addresses must have been checked.
   */
  replace(changes: readonly FunctionWeights[], removed?: Iterable<string>): void;
  /** The replica whose turn it is. */
  pick(name: string): Replica | 'unknown' | 'weightless';
  /** Weights in force, functions in alphabetical order. */
  weights(): FunctionWeights[];
  /** Counters of every replica that has been one since the start, functions in alphabetical order. */
  statistics(): (Counters & { readonly name: string; readonly address: string })[];
}

interface Entry {
  readonly weights: FunctionWeights;
  readonly replicas: readonly Replica[];
  readonly round: WeightedRoundRobin;
}

const same = (one: FunctionWeights, other: FunctionWeights) =>
  one.replicas.length === other.replicas.length &&
  one.replicas.every(({ address, weight }, i) => address === other.replicas[i]!.address && weight === other.replicas[i]!.weight);

const byName = (one: string, other: string) => (one < other ? -1 : Number(one > other));

/** Makes an empty set of functions; `open` opens a replica that counts into the given counters. */
export function createFunctions(open: (address: string, counters: Counters) => Replica): Functions {
  const entries = new Map<string, Entry>();
  /** Function -> address -> counters; they outlive the replica. */
  const counted = new Map<string, Map<string, Counters>>();
  /** Replicas whose connections are not closed yet, retired ones among them. */
  const opened = new Set<Replica>();

  function countersOf(name: string, address: string): Counters {
    const ofFunction = counted.get(name) ?? new Map<string, Counters>();
    counted.set(name, ofFunction);
    const counters = ofFunction.get(address) ?? { requests: 0, errors: 0, inFlight: 0 };
    ofFunction.set(address, counters);
    return counters;
  }

  function openNew(name: string, address: string): Replica {
    const replica = open(address, countersOf(name, address));
    opened.add(replica);
    return replica;
  }

  function retire(replica: Replica): void {
    void replica.retire().then(() => opened.delete(replica));
  }

  function replaceOne(weights: FunctionWeights): void {
    const old = entries.get(weights.name);
    if (old !== undefined && same(old.weights, weights)) return;
    const before = new Map(old?.replicas.map(replica => [replica.address, replica]));
    const replicas = weights.replicas.map(({ address }) => before.get(address) ?? openNew(weights.name, address));
    const numbers = milliWeights(weights.replicas.map(({ weight }) => weight));
    const round = old?.round ?? createWeightedRoundRobin([]);
    round.replace(numbers);
    entries.set(weights.name, { weights, replicas, round });
    for (const replica of before.values()) if (!replicas.includes(replica)) retire(replica);
  }

  function remove(name: string): void {
    for (const replica of entries.get(name)?.replicas ?? []) retire(replica);
    entries.delete(name);
  }

  return {
    replace(changes, removed = []) {
      for (const change of changes) replaceOne(change);
      for (const name of removed) remove(name);
    },
    pick(name) {
      const entry = entries.get(name);
      if (entry === undefined) return 'unknown';
      return entry.replicas[entry.round.next()] ?? 'weightless';
    },
    weights: () => [...entries.values()].map(entry => entry.weights).sort((one, other) => byName(one.name, other.name)),
    statistics: () =>
      [...counted]
        .sort(([one], [other]) => byName(one, other))
        .flatMap(([name, replicas]) => [...replicas].map(([address, counters]) => ({ name, address, ...counters }))),
    async [Symbol.asyncDispose]() {
      entries.clear();
      await Promise.all([...opened].map(replica => replica.destroy()));
      opened.clear();
    },
  };
}
