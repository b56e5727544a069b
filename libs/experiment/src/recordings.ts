import { type Arrival, arrivalProblem } from '@galileo/workload';
import type { ClosedLoop, FlightLimit } from './closed-loop.ts';
import type { Path, Problem } from './problem.ts';
import type { ArrivalExtras } from './schema.ts';
import type { Source } from './source.ts';

/** Gives the numbers of a file that the experiment file names. @throws Error whose message tells what is wrong with it */
export type RecordingReader = (fileName: string) => readonly number[];

function get(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}

/** Files of numbers that a file names, each with its place; what is no text is passed over. */
function namedFiles(source: Source): { file: string; path: Path }[] {
  const workloads = get(source.value, 'workloads');
  if (!Array.isArray(workloads)) return [];
  return workloads.flatMap((workload, index) => {
    const arrival = get(workload, 'arrival');
    const key = get(arrival, 'profile') === 'recorded' ? 'rates' : 'recorded';
    const file = get(arrival, key);
    return typeof file === 'string' ? [{ file, path: ['workloads', index, 'arrival', key] }] : [];
  });
}

/** Reads every file of numbers that an experiment file names, each once. */
export function readRecordings(
  source: Source,
  read: RecordingReader,
): { problems: Problem[]; numbers: ReadonlyMap<string, readonly number[]> } {
  const numbers = new Map<string, readonly number[]>();
  const problems = namedFiles(source).flatMap(({ file, path }) => {
    try {
      const found = numbers.get(file) ?? read(file);
      numbers.set(file, found);
      const problem = path.at(-1) === 'rates' ? ratesProblem(found) : undefined;
      return problem === undefined ? [] : [source.problemAt(path, `${source.written(path)}: ${problem}`)];
    } catch (error) {
      return [source.problemAt(path, `${source.written(path)}: ${error instanceof Error ? error.message : String(error)}`)];
    }
  });
  return { problems, numbers };
}

function ratesProblem(rates: readonly number[]): string | undefined {
  const asSteps = { kind: 'profile', name: 'steps', parameters: { interval: 1 }, rates, process: 'even' } as const;
  return arrivalProblem(asSteps)?.replace(/^steps: /, '');
}

/** What a workload of the spec has in place of the file's `arrival`: its numbers are read, and the limit stands beside it. */
export function withRecording(
  written: (Arrival & ArrivalExtras) | ClosedLoop,
  numbers: ReadonlyMap<string, readonly number[]>,
): { arrival: Arrival | ClosedLoop; limit: FlightLimit | undefined } {
  if (written.kind === 'loop') return { arrival: written, limit: undefined };
  const { file, limit, ...arrival } = written;
  if (file === undefined) return { arrival, limit };
  const found = numbers.get(file)!;
  const filled = arrival.kind === 'recorded' ? { ...arrival, gaps: found } : ({ ...arrival, rates: found } as Arrival);
  return { arrival: filled, limit };
}
