import type { Logger } from '@galileo/service';
import type { Etcd3 } from 'etcd3';
import { EtcdError, etcdError } from './etcd-error.ts';
import { type EtcdSession, openSession } from './etcd-session.ts';
import type { EtcdSettings } from './etcd-settings.ts';
import { type FunctionWeights, formatWeights, parseWeights } from './function-weights.ts';
import { functionOf, weightsKey, zonePrefix } from './weight-keys.ts';

/**
 * The weights that load balancers follow. Each call asks the endpoints one after the other until one answers, each for at
 * most some seconds.
 */
export interface WeightStore extends AsyncDisposable {
  /**
   * Sets the weights of a function in a zone. Fractions become whole numbers in the same proportion.
   * @throws EtcdError, WeightsError
   */
  put(zone: string, name: string, weights: FunctionWeights): Promise<void>;
  /**
   * Removes a function from a zone; it need not be there.
   * @throws EtcdError, WeightsError
   */
  remove(zone: string, name: string): Promise<void>;
  /**
   * The functions of a zone. One whose value can't be read is left out, which is logged.
   * @throws EtcdError, WeightsError
   */
  list(zone: string): Promise<Map<string, FunctionWeights>>;
  /**
   * Tries whether etcd answers and lets us read weights.
   * @throws EtcdError
   */
  check(): Promise<void>;
}

/** The error of several endpoints that were asked in vain. */
function combined(failures: readonly EtcdError[]): EtcdError {
  const [first, ...others] = failures;
  if (others.length === 0) return first!;
  const reason = [first!.reason, ...others.map(({ message }) => message)].join('; ');
  return new EtcdError(first!.endpoint, first!.problem, reason, new AggregateError(failures));
}

/** Opens a store; nothing is sent before the first call. */
export function openWeightStore({ etcd, log }: { readonly etcd: EtcdSettings; readonly log: Logger }): WeightStore {
  const ended = new AbortController();
  /** The session in use; it may still be logging in. */
  let current: { readonly endpoint: string; readonly session: Promise<EtcdSession> } | undefined;
  /** Index of the endpoint that answered last. */
  let preferred = 0;

  function drop(used: typeof current): void {
    if (current === used) current = undefined;
    used?.session.then(session => session.retire()).catch(() => {});
  }

  /** Runs a call on one endpoint; a session that has been used before may have gone stale, so a fresh one is tried then. */
  async function callEndpoint<T>(endpoint: string, run: (client: Etcd3) => Promise<T>): Promise<T> {
    for (;;) {
      const known = current?.endpoint === endpoint;
      if (!known) current = { endpoint, session: openSession(etcd, endpoint, ended.signal) };
      const used = current!;
      try {
        return await run((await used.session).client);
      } catch (cause) {
        const error = etcdError(cause, endpoint, etcd);
        if (error.problem === 'refused') throw error;
        drop(used);
        if (!known || ended.signal.aborted) throw error;
      }
    }
  }

  async function call<T>(run: (client: Etcd3) => Promise<T>): Promise<T> {
    const failures: EtcdError[] = [];
    const { endpoints } = etcd;
    const first = preferred;
    for (let turn = 0; turn < endpoints.length; turn++) {
      const index = (first + turn) % endpoints.length;
      try {
        const result = await callEndpoint(endpoints[index]!, run);
        preferred = index;
        return result;
      } catch (error) {
        failures.push(error as EtcdError);
        if (ended.signal.aborted) break;
      }
    }
    throw combined(failures);
  }

  return {
    async put(zone, name, weights) {
      const key = weightsKey(zone, name);
      const value = formatWeights(weights);
      await call(client => client.put(key).value(value).exec());
    },
    async remove(zone, name) {
      const key = weightsKey(zone, name);
      await call(client => client.delete().key(key).exec());
    },
    async list(zone) {
      const prefix = zonePrefix(zone);
      const { kvs } = await call(client => client.getAll().prefix(prefix).exec());
      const all = new Map<string, FunctionWeights>();
      for (const { key, value } of kvs) {
        const name = functionOf(prefix, key.toString());
        if (name === undefined) continue;
        const parsed = parseWeights(value.toString());
        if (parsed.ok) all.set(name, parsed.value);
        else log.warn({ zone, function: name, reason: parsed.reason }, 'weights in etcd can not be read');
      }
      return all;
    },
    async check() {
      await call(client => client.getAll().prefix('golb/function/').count());
    },
    async [Symbol.asyncDispose]() {
      ended.abort();
      await current?.session.catch(() => {});
    },
  };
}
