import type { TelemetrySample } from '@galileo/wire';
import type { Emit } from './instrument.ts';

/** An instrument gave a value that is none, or gave one key twice. */
export class NonsenseError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NonsenseError';
  }
}

/** What one reading of an instrument gives. */
export interface Reading {
  readonly emit: Emit;
  /** The sound values so far; no two share a key. */
  readonly samples: readonly TelemetrySample[];
  /** The first value that made no sense; those are not among the samples. */
  nonsense(): NonsenseError | undefined;
}

export function createReading(node: string): Reading {
  const samples: TelemetrySample[] = [];
  const keys = new Set<string>();
  let nonsense: NonsenseError | undefined;
  return {
    samples,
    nonsense: () => nonsense,
    emit(timestamp, metric, subsystem, value) {
      const key = subsystem === null ? metric : `${metric}/${subsystem}`;
      if (!Number.isFinite(value)) nonsense ??= new NonsenseError(`${key} is ${value}; allowed: a finite number`);
      else if (keys.has(key)) nonsense ??= new NonsenseError(`${key} was given twice in one reading`);
      else {
        keys.add(key);
        samples.push({ node, metric, subsystem, timestamp, value });
      }
    },
  };
}
