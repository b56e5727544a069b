import { createLog } from '@galileo/service';
import { type EtcdSettings, type FunctionWeights, followWeights } from '../src/index.ts';

/** A log that is kept, a parsed line each. */
export function collectedLog() {
  const lines: { level: number; msg: string; reason?: string }[] = [];
  const log = createLog('test', 'INFO', { write: (line: string) => void lines.push(JSON.parse(line)) });
  return { log, lines, warnings: () => lines.filter(({ level }) => level >= 40) };
}

/** Follows a zone and keeps all that is told. */
export function observeZone(etcd: EtcdSettings, zone: string) {
  const collected = collectedLog();
  const told: string[] = [];
  const snapshots: Record<string, FunctionWeights>[] = [];
  let functions = new Map<string, FunctionWeights>();
  const follower = followWeights({
    etcd,
    zone,
    log: collected.log,
    onSnapshot(all) {
      functions = new Map(all);
      snapshots.push(Object.fromEntries(all));
    },
    onPut(name, weights) {
      functions.set(name, weights);
      told.push(`put ${name}`);
    },
    onDelete(name) {
      functions.delete(name);
      told.push(`delete ${name}`);
    },
    onRefused: (name, reason) => told.push(`refused ${name}: ${reason}`),
    onConnection: connected => told.push(connected ? 'connected' : 'disconnected'),
  });
  return {
    ...collected,
    told,
    snapshots,
    follower,
    /** Weights by function, as they are known now. */
    weights: () => Object.fromEntries([...functions].map(([name, { weights }]) => [name, weights])),
    [Symbol.asyncDispose]: () => follower[Symbol.asyncDispose](),
  };
}
