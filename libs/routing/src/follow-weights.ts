import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@galileo/service';
import { type EtcdError, etcdError } from './etcd-error.ts';
import { type EtcdSession, openSession, patience } from './etcd-session.ts';
import type { EtcdSettings } from './etcd-settings.ts';
import { type FunctionWeights, parseWeights } from './function-weights.ts';
import { functionOf, zonePrefix } from './weight-keys.ts';

export interface FollowWeightsOptions {
  readonly etcd: EtcdSettings;
  readonly zone: string;
  readonly log: Logger;
  /**
   * All functions of the zone, after each (re)connection: those that are not there are gone. Of a function whose value is
   * refused it holds the last good weights, if there are any.
   */
  onSnapshot(all: ReadonlyMap<string, FunctionWeights>): void;
  /** A function has got weights. */
  onPut(name: string, weights: FunctionWeights): void;
  /** A function is gone. */
  onDelete(name: string): void;
  /** A function's value does not fit; what was known stays. Told once per value. */
  onRefused?(name: string, reason: string): void;
  /** Told on each change: true after the first snapshot when changes are followed, false when the connection is lost. */
  onConnection?(connected: boolean): void;
}

/** Disposing it ends it; nothing is told any more from then on. */
export interface WeightFollower extends AsyncDisposable {
  readonly connected: boolean;
}

const shortest = 0.1;
const longest = 1;

interface KeyValue {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly mod_revision: string;
}

/** What is known of the functions of a zone. */
function createKnown(prefix: string, options: FollowWeightsOptions) {
  let good = new Map<string, FunctionWeights>();
  /** Function -> revision of the value that was refused last. */
  let refused = new Map<string, string>();

  /** The weights of a value; `undefined` if it is refused, which is told. */
  function read(name: string, { value, mod_revision }: KeyValue): FunctionWeights | undefined {
    const parsed = parseWeights(value.toString());
    if (parsed.ok) {
      refused.delete(name);
      return parsed.value;
    }
    if (refused.get(name) !== mod_revision) {
      refused.set(name, mod_revision);
      options.log.warn({ function: name, reason: parsed.reason }, 'weights refused');
      options.onRefused?.(name, parsed.reason);
    }
    return undefined;
  }

  return {
    snapshot(values: readonly KeyValue[]): void {
      const all = new Map<string, FunctionWeights>();
      const names = new Set<string>();
      for (const value of values) {
        const name = functionOf(prefix, value.key.toString());
        if (name === undefined) continue;
        names.add(name);
        const weights = read(name, value) ?? good.get(name);
        if (weights !== undefined) all.set(name, weights);
      }
      refused = new Map([...refused].filter(([name]) => names.has(name)));
      good = all;
      options.onSnapshot(new Map(all));
    },
    put(value: KeyValue): void {
      const name = functionOf(prefix, value.key.toString());
      if (name === undefined) return;
      const weights = read(name, value);
      if (weights === undefined) return;
      good.set(name, weights);
      options.onPut(name, weights);
    },
    remove({ key }: Pick<KeyValue, 'key'>): void {
      const name = functionOf(prefix, key.toString());
      if (name === undefined) return;
      refused.delete(name);
      if (good.delete(name)) options.onDelete(name);
    },
  };
}

type Known = ReturnType<typeof createKnown>;

/**
 * Lists the zone and follows its changes from the list's revision on until the session fails.
 * There is no watch that is taken up again later, so none can fall behind a compaction.
 * @throws why the session failed.
 */
async function followOnce(
  session: EtcdSession,
  prefix: string,
  known: Known,
  signal: AbortSignal,
  established: () => void,
): Promise<never> {
  const { client } = session;
  const list = await client.getAll().prefix(prefix).exec();
  signal.throwIfAborted();
  known.snapshot(list.kvs);
  const next = (BigInt(list.header.revision) + 1n).toString();
  const watcher = client.watch().prefix(prefix).startRevision(next).watcher();
  let late: NodeJS.Timeout | undefined;
  try {
    return await new Promise<never>((_, reject) => {
      late = setTimeout(() => reject(new Error('Deadline exceeded: no answer to the watch')), patience * 1000);
      watcher.on('connected', () => {
        clearTimeout(late);
        established();
      });
      watcher.on('put', value => signal.aborted || known.put(value));
      watcher.on('delete', value => signal.aborted || known.remove(value));
      // A watch that etcd cancels: no leader, compacted, no permission.
      watcher.on('error', reject);
      watcher.on('disconnected', reject);
    });
  } finally {
    clearTimeout(late);
    watcher.removeAllListeners();
    // etcd3 would otherwise open the watch of a closed client again and again.
    watcher.on('error', () => {});
    watcher.on('disconnected', () => void watcher.cancel());
    void watcher.cancel();
  }
}

/** Logs the changes of the connection's state: the loss once per kind of problem, and that it is there again. */
function createStateLog(log: Logger) {
  const told = new Set<string>();
  return {
    up(endpoint: string) {
      if (told.size > 0) log.info({ etcd: endpoint }, 'connected to etcd again');
      told.clear();
    },
    down(error: EtcdError) {
      if (told.has(error.problem)) return;
      told.add(error.problem);
      log.warn({ etcd: error.endpoint, reason: error.reason }, 'no connection to etcd; trying again');
    },
  };
}

/**
 * Follows the weights of a zone in etcd (keys `golb/function/<zone>/<function>`): all at first, then each change. Connects again
 * whenever the connection is lost, after 0.1 to 1 s, to the next endpoint, and tells all anew.
 * @throws WeightsError if no zone can be called so.
 */
export function followWeights(options: FollowWeightsOptions): WeightFollower {
  const { etcd, log } = options;
  const prefix = zonePrefix(options.zone);
  const known = createKnown(prefix, options);
  const state = createStateLog(log);
  const ended = new AbortController();
  const { signal } = ended;
  let connected = false;

  function setConnected(value: boolean): void {
    if (connected === value || signal.aborted) return;
    connected = value;
    options.onConnection?.(value);
  }

  async function attempt(endpoint: string, established: () => void): Promise<never> {
    using session = await openSession(etcd, endpoint, signal);
    return await followOnce(session, prefix, known, signal, established);
  }

  async function run(): Promise<void> {
    let delay = shortest;
    for (let turn = 0; !signal.aborted; turn++) {
      const endpoint = etcd.endpoints[turn % etcd.endpoints.length]!;
      try {
        await attempt(endpoint, () => {
          delay = shortest;
          state.up(endpoint);
          setConnected(true);
        });
      } catch (error) {
        if (signal.aborted) return;
        setConnected(false);
        state.down(etcdError(error, endpoint, etcd));
      }
      await sleep(delay * 1000, undefined, { signal }).catch(() => {});
      delay = Math.min(longest, delay * 2);
    }
  }

  const running = run();
  return {
    get connected() {
      return connected;
    },
    async [Symbol.asyncDispose]() {
      ended.abort();
      await running;
    },
  };
}
