import type { TelemetryRow } from '@galileo/expdb';
import { type ClockUses, useOf } from './clocks.ts';
import { type CounterRate, createCounterRate } from './counter-rate.ts';
import type { Correct, MeasuredSpan } from './reference-time.ts';

/** The metrics that a report reads; a store may leave out all others. */
export const reportMetrics: readonly string[] = ['cpu', 'ram', 'rx', 'tx', 'proc_cpu', 'proc_rss'];

/** What one process with its descendants used in the measured span. */
interface ProcessFigures {
  /** Mean, cores; undefined with less than two samples. */
  readonly cpu: number | undefined;
  /** Largest resident memory, bytes; undefined without a sample. */
  readonly memory: number | undefined;
}

/** What a node used in the measured span; undefined where there was no sample. */
export interface NodeFigures {
  /** Mean, share of all cores, 0..1. */
  readonly cpu: number | undefined;
  /** Mean, bytes. */
  readonly memory: number | undefined;
  /** Mean, bytes per second, sum over all devices but loopback. */
  readonly received: number | undefined;
  /** Likewise. */
  readonly sent: number | undefined;
}

/** All that one pass over the telemetry gives; who has no sample in the span is not in the maps. */
export interface UsageFigures {
  readonly processes: ReadonlyMap<string, ProcessFigures>;
  readonly nodes: ReadonlyMap<string, NodeFigures>;
  /** Per node. */
  readonly clocks: ClockUses;
}

/** `ram` comes from /proc/meminfo, whose kB are 1024 bytes; `rx` and `tx` are telemd's kB/s of 1000 bytes. */
const bytesPerRamUnit = 1024;
const bytesPerTrafficUnit = 1000;
const nanoseconds = 1e9;

interface Mean {
  count: number;
  sum: number;
}

interface NodeState {
  readonly cpu: Mean;
  readonly ram: Mean;
  readonly rx: Map<string, Mean>;
  readonly tx: Map<string, Mean>;
  /** Per process name; a name is unique on a node. */
  readonly processCpu: Map<string, CounterRate>;
  readonly processMemory: Map<string, number>;
}

const emptyMean = (): Mean => ({ count: 0, sum: 0 });

function emptyNode(): NodeState {
  return {
    cpu: emptyMean(),
    ram: emptyMean(),
    rx: new Map(),
    tx: new Map(),
    processCpu: new Map(),
    processMemory: new Map(),
  };
}

function entry<T>(map: Map<string, T>, key: string, create: () => T): T {
  let value = map.get(key);
  if (value === undefined) {
    value = create();
    map.set(key, value);
  }
  return value;
}

function count(mean: Mean, value: number): void {
  mean.count++;
  mean.sum += value;
}

function meanOf(mean: Mean, factor: number): number | undefined {
  return mean.count === 0 ? undefined : (mean.sum / mean.count) * factor;
}

function traffic(devices: ReadonlyMap<string, Mean>): number | undefined {
  if (devices.size === 0) return undefined;
  return [...devices.values()].reduce((total, device) => total + meanOf(device, bytesPerTrafficUnit)!, 0);
}

/** `time`: when the sample was taken, reference's time. */
function take(state: NodeState, row: TelemetryRow, time: number): void {
  const subsystem = row.subsystem ?? '';
  switch (row.metric) {
    case 'cpu':
      // With a subsystem it is one core; the node's own sample has none.
      if (row.subsystem === null) count(state.cpu, row.value);
      break;
    case 'ram':
      count(state.ram, row.value);
      break;
    case 'rx':
    case 'tx':
      if (subsystem !== 'lo') count(entry(state[row.metric], subsystem, emptyMean), row.value);
      break;
    case 'proc_cpu':
      entry(state.processCpu, subsystem, createCounterRate).add(time, row.value);
      break;
    case 'proc_rss':
      state.processMemory.set(subsystem, Math.max(state.processMemory.get(subsystem) ?? 0, row.value));
  }
}

/** Adds what is known; undefined stays only where nothing is. */
function plus(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : one + other;
}

/**
 * Reads all telemetry once; only samples within the span count (both ends included), and none whose time `correct` does not
 * know. Samples of one counter have to come in the order of their time, as the store gives them. Processes of one name on
 * several nodes are added up.
 */
export async function measureUsage(
  telemetry: AsyncIterable<readonly TelemetryRow[]>,
  span: MeasuredSpan,
  correct: Correct,
): Promise<UsageFigures> {
  const states = new Map<string, NodeState>();
  const clocks: ClockUses = new Map();
  for await (const chunk of telemetry) {
    for (const row of chunk) {
      const use = useOf(clocks, row.node);
      const correction = correct('telemd', row.node, row.timestamp);
      if (correction === undefined) {
        use.leftOut++;
        continue;
      }
      const time = row.timestamp + correction.offset;
      if (time < span.from || time > span.to) continue;
      use.uncertainty = Math.max(use.uncertainty, correction.uncertainty);
      take(entry(states, row.node, emptyNode), row, time);
    }
  }
  const nodes = new Map<string, NodeFigures>();
  const processes = new Map<string, ProcessFigures>();
  for (const [node, state] of states) {
    nodes.set(node, {
      cpu: meanOf(state.cpu, 0.01),
      memory: meanOf(state.ram, bytesPerRamUnit),
      received: traffic(state.rx),
      sent: traffic(state.tx),
    });
    for (const name of new Set([...state.processCpu.keys(), ...state.processMemory.keys()])) {
      const cpu = state.processCpu.get(name)?.rate();
      const before = processes.get(name);
      processes.set(name, {
        cpu: plus(before?.cpu, cpu === undefined ? undefined : cpu / nanoseconds),
        memory: plus(before?.memory, state.processMemory.get(name)),
      });
    }
  }
  return { processes, nodes, clocks };
}
