import type { ClockOffset } from '@galileo/expdb';
import { type Correction, createTimeline, type Timeline } from './timeline.ts';

/** What relates raw times to the reference's; undefined where nothing is known. */
export type Correct = Timeline['correction'];

/** When figures count: from `from` (end of the warm-up) to `to` (end of the load), UNIX seconds of the reference. */
export interface MeasuredSpan {
  readonly from: number;
  readonly to: number;
  /** Bound of the error of both, seconds. */
  readonly uncertainty: number;
}

/** The measured span, brought into the reference's time from the orchestrator's. */
export interface PlacedSpan extends MeasuredSpan {
  /** By how much its length differs between the two, seconds: little by drift, more if one of them was stepped meanwhile. */
  readonly step: number;
}

/** Holds nothing: what is compared with it counts in no figure. */
export const nowhere: MeasuredSpan = { from: Number.POSITIVE_INFINITY, to: Number.NEGATIVE_INFINITY, uncertainty: 0 };

/** How an experiment's times are compared. */
export interface ReferenceTime {
  readonly timeline: Timeline;
  readonly correct: Correct;
  /** Undefined if nothing relates the orchestrator's clock to the reference. */
  readonly span: PlacedSpan | undefined;
  /** Are all times those of one host's clock, so that there is nothing to correct? */
  readonly shared: boolean;
}

export interface ReferenceTimeOptions {
  /** Estimates of the clocks of all services. */
  readonly clockOffsets: readonly ClockOffset[];
  /** Node of the orchestrator that carried the experiment out, as its producer's id has it; undefined if it is not known. */
  readonly conductor: string | undefined;
  /** Did all services run on one host? Its system clock is theirs, unless an estimate says otherwise. */
  readonly oneHost: boolean;
}

/**
 * The system clock of a host may be stepped by less than this, seconds, without the processes' clocks taking notice: each
 * may be off by so much from another that was started later.
 */
const unnoticedStep = 0.01;

const uncorrected: Correct = () => ({ offset: 0, uncertainty: 0 });

/** Does no estimate say that the clocks differ? */
function agree(estimates: readonly ClockOffset[]): boolean {
  return estimates.every(({ offset, uncertainty }) => Math.abs(offset) <= uncertainty + unnoticedStep);
}

/** The only orchestrator that there was. */
function onlyOrchestrator({ clocks }: Timeline): string | undefined {
  const found = clocks.filter(({ service }) => service === 'orchestrator');
  return found.length === 1 ? found[0]!.node : undefined;
}

function place(
  { from, to }: { readonly from: number; readonly to: number },
  correct: (time: number) => Correction | undefined,
): PlacedSpan | undefined {
  const begin = correct(from);
  const end = correct(to);
  if (begin === undefined || end === undefined) return undefined;
  return {
    from: from + begin.offset,
    to: to + end.offset,
    uncertainty: Math.max(begin.uncertainty, end.uncertainty),
    step: Math.abs(end.offset - begin.offset),
  };
}

/** Makes the way to compare times. `span`: the measured span by the orchestrator's clock, UNIX seconds. */
export function referenceTime(
  span: { readonly from: number; readonly to: number },
  { clockOffsets, conductor, oneHost }: ReferenceTimeOptions,
): ReferenceTime {
  const timeline = createTimeline(clockOffsets);
  if (oneHost && agree(clockOffsets)) {
    return { timeline, correct: uncorrected, span: { ...span, uncertainty: 0, step: 0 }, shared: true };
  }
  const { correction: correct } = timeline;
  const node = conductor ?? onlyOrchestrator(timeline);
  const placed = node === undefined ? undefined : place(span, time => correct('orchestrator', node, time));
  return { timeline, correct, span: placed, shared: false };
}
