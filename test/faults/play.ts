import { setTimeout as sleep } from 'node:timers/promises';
import { recordKinds } from '@galileo/bus';
import type { Ledger } from '@galileo/proto/recorder';
import { entryOf, gatherEvidence, problemsOf } from './audit.ts';
import { createDraw } from './random.ts';
import { type Rig, startRig } from './rig.ts';
import type { Occurrence, Scenario, Size } from './scenarios.ts';

export interface Result {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly faults: readonly Occurrence[];
  /** Undefined if it did not come to one. */
  readonly ledger: Ledger | undefined;
  /** What is not as it should be; empty if the scenario has passed. */
  readonly problems: readonly string[];
  /** Seconds from the start of all processes to their end. */
  readonly duration: number;
}

/** What services have unless told. */
const usualCaps = { spoolBytes: 64 * 1024 * 1024, publisherBytes: 64 * 1024 * 1024 };

/** Longest time that the recorder waits for producers at the end, seconds. */
const settleTimeout = 60;

async function disturb(rig: Rig, { at, seconds, fault }: Occurrence, signal: AbortSignal): Promise<void> {
  await sleep(at * 1000, undefined, { signal });
  await fault.begin(rig);
  await sleep(seconds * 1000, undefined, { signal });
  await fault.end(rig);
}

/** Lets the load run and the faults occur. When one can't be begun or ended nothing new is begun, and it is told when all is calm. */
async function carryOut(rig: Rig, load: number, faults: readonly Occurrence[]): Promise<void> {
  const stopped = new AbortController();
  const { signal } = stopped;
  let failure: unknown;
  const watched = (running: Promise<unknown>) =>
    running.catch(error => {
      failure ??= error;
      stopped.abort();
    });
  const occurring = faults.map(occurrence => disturb(rig, occurrence, signal));
  await Promise.all([sleep(load * 1000, undefined, { signal }), ...occurring].map(watched));
  if (failure !== undefined) throw failure;
}

/** Runs a scenario. What goes wrong is in the result, also when a process does not come up. */
export async function play(scenario: Scenario, seed: number, size: Size): Promise<Result> {
  const begun = performance.now();
  const draw = createDraw(seed);
  const faults = [...scenario.plan(draw, size)].sort((one, other) => one.at - other.at);
  let ledger: Ledger | undefined;
  const problems: string[] = [];
  try {
    await using rig = await startRig({ seed, ...usualCaps, ...scenario.caps });
    await carryOut(rig, size.load, faults);
    await rig.rest();
    ledger = await rig.stop(settleTimeout);
    problems.push(...problemsOf(gatherEvidence(rig, ledger), scenario.promised));
    if (scenario.bites !== undefined && !rig.recorder.process.log().some(({ msg }) => msg === scenario.bites)) {
      problems.push(`the faults had no effect: the recorder's log has no line "${scenario.bites}"`);
    }
    await rig.end();
  } catch (error) {
    problems.push((error as Error).message);
  }
  return { scenario, seed, faults, ledger, problems, duration: (performance.now() - begun) / 1000 };
}

const plural = { trace: 'traces', telemetry: 'telemetry', event: 'events' };

/** A result as a table for people. */
export function describeResult({ scenario, seed, faults, ledger, problems, duration }: Result): string {
  const happened = faults.map(
    ({ at, seconds, fault }) =>
      `  ${at.toFixed(1).padStart(5)} s  ${fault.what}${seconds > 0 ? `, for ${seconds.toFixed(1)} s` : ''}`,
  );
  const columns = ['produced', 'stored', 'rejected', 'lost'] as const;
  const balance =
    ledger &&
    recordKinds.map(kind => {
      const entry = entryOf(ledger, kind);
      return `  ${plural[kind].padEnd(10)}${columns.map(column => String(entry[column]).padStart(10)).join('')}`;
    });
  return [
    `${problems.length === 0 ? '✓' : '✗'} ${scenario.name} (${scenario.promised}): ${scenario.what}; seed ${seed}, ${duration.toFixed(1)} s`,
    ...happened,
    ...(balance === undefined ? [] : [`  ${''.padEnd(10)}${columns.map(column => column.padStart(10)).join('')}`, ...balance]),
    ...problems.map(problem => `  ✗ ${problem}`),
  ].join('\n');
}
