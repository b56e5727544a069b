import type { RecordKindName } from '@galileo/bus';
import { addAll, type Counters, clip, hasCounter } from '../counters.ts';
import { type Contents, identityOf } from './contents.ts';

/** Records that somebody asks for. */
export type Wanted =
  | { readonly kind: 'trace'; readonly token: string; readonly counters: readonly number[] }
  | { readonly kind: 'telemetry'; readonly node: string; readonly begin: number }
  | { readonly kind: 'event'; readonly begin: number };

/** Chooses records. */
export interface Choice {
  /** May a segment of these contents hold some? */
  mayBeIn(contents: Contents): boolean;
  holds(record: { kind: RecordKindName; channel: string; line: string }): boolean;
}

/** The choice of what is wanted. */
export function choose(wanted: readonly Wanted[]): Choice {
  const traces = new Map<string, Counters>();
  const telemetry = new Map<string, Set<number>>();
  const events = new Set<number>();
  for (const one of wanted) {
    if (one.kind === 'trace') {
      const counters = traces.get(one.token) ?? [];
      traces.set(one.token, counters);
      addAll(counters, one.counters);
    } else if (one.kind === 'event') events.add(one.begin);
    else telemetry.set(one.node, (telemetry.get(one.node) ?? new Set()).add(one.begin));
  }
  return {
    mayBeIn(contents) {
      for (const [token, counters] of traces) if (meet(contents.traces.get(token) ?? [], counters)) return true;
      for (const [node, begins] of telemetry) if (meetKeys(contents.telemetry.get(node), begins)) return true;
      return meetKeys(contents.events, events);
    },
    holds({ kind, channel, line }) {
      const { source, number } = identityOf(kind, channel, line);
      if (kind === 'event') return events.has(number);
      if (kind === 'telemetry') return telemetry.get(source)?.has(number) ?? false;
      return hasCounter(traces.get(source) ?? [], number);
    },
  };
}

function meet(one: readonly number[], other: readonly number[]): boolean {
  for (let i = 0; i < other.length; i += 2) if (clip(one, other[i]!, other[i + 1]!).length > 0) return true;
  return false;
}

function meetKeys(counts: ReadonlyMap<number, number> | undefined, keys: ReadonlySet<number>): boolean {
  if (counts !== undefined) for (const key of keys) if (counts.has(key)) return true;
  return false;
}
