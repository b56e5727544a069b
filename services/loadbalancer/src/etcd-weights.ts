import { type EtcdSettings, followWeights, type FunctionWeights as StoredWeights } from '@galileo/routing';
import type { Logger } from '@galileo/service';
import type { Functions, FunctionWeights } from './functions.ts';
import { addressFits, functionsProblem } from './functions-problem.ts';

export interface EtcdWeightsOptions {
  readonly etcd: EtcdSettings;
  /** Zone whose weights are followed. */
  readonly zone: string;
  readonly functions: Functions;
  readonly log: Logger;
  /** A value was refused; what it was to replace stays in force. */
  onRefused(): void;
  /** The weights of the zone are in force: once, when etcd was reached for the first time. */
  onLoaded(): void;
}

const toWeights = (name: string, { ips, weights }: StoredWeights): FunctionWeights => ({
  name,
  replicas: ips.map((address, i) => ({ address, weight: weights[i]! })),
});

/**
 * Puts the weights of a zone in force as etcd has them. Values that can't be used are logged and counted, and the last good
 * one of their function stays. While etcd is away, everything stays as it is.
 * @throws WeightsError if no zone can be called so
 */
export function followEtcdWeights({ etcd, zone, functions, log, ...events }: EtcdWeightsOptions): AsyncDisposable {
  /** Function -> the value that was refused last, so that it is told once and not with every snapshot. */
  const refused = new Map<string, string>();
  let loaded = false;

  /** Tells what is wrong with a value, once for each value. */
  function tell(name: string, stored: StoredWeights, problem: { reason: string } | { replicas: readonly string[] }): void {
    const value = JSON.stringify(stored);
    if (refused.get(name) === value) return;
    refused.set(name, value);
    log.warn(
      { function: name, ...problem },
      'reason' in problem ? 'weights refused' : 'replicas that nobody can reach are left out',
    );
    events.onRefused();
  }

  /**
   * The weights, or `undefined` if they had to be refused: etcd's reader looks at weights, but not at names and addresses.
   * Of what can't be an address nothing is lost by leaving it out; where none is left, the function has no replicas.
   */
  function accept(name: string, stored: StoredWeights): FunctionWeights | undefined {
    const { replicas } = toWeights(name, stored);
    const weights = { name, replicas: replicas.filter(({ address }) => addressFits(address)) };
    const reason = functionsProblem([weights]);
    if (reason !== undefined) {
      tell(name, stored, { reason });
      return undefined;
    }
    if (weights.replicas.length === replicas.length) refused.delete(name);
    else tell(name, stored, { replicas: stored.ips.filter(address => !addressFits(address)) });
    return weights;
  }

  return followWeights({
    etcd,
    zone,
    log,
    onSnapshot(all) {
      const accepted = [...all].map(([name, stored]) => accept(name, stored)).filter(weights => weights !== undefined);
      const gone = functions.weights().filter(({ name }) => !all.has(name));
      functions.replace(
        accepted,
        gone.map(({ name }) => name),
      );
      if (!loaded) events.onLoaded();
      loaded = true;
    },
    onPut(name, stored) {
      const weights = accept(name, stored);
      if (weights !== undefined) functions.replace([weights]);
    },
    onDelete(name) {
      refused.delete(name);
      functions.replace([], [name]);
    },
    onRefused: events.onRefused,
  });
}
