import type { PlacedSpan, ReferenceTime } from './reference-time.ts';
import type { Correction, NodeClock, Timeline } from './timeline.ts';

/** What became of the records of one node when their raw times were corrected. */
export interface ClockUse {
  /** Largest uncertainty of a record that counts, seconds. */
  uncertainty: number;
  /** Records left out since nothing tells when they were made. */
  leftOut: number;
  /** By how much the last of them came after the measured span for certain, seconds. */
  overrun: number;
}

/** Per node. */
export type ClockUses = Map<string, ClockUse>;

/** The use of a node's clock; a new one if there was none. */
export function useOf(uses: ClockUses, node: string): ClockUse {
  let use = uses.get(node);
  if (use === undefined) {
    use = { uncertainty: 0, leftOut: 0, overrun: 0 };
    uses.set(node, use);
  }
  return use;
}

/** How a node's clock related to the reference's in the measured span. */
interface ClockFigures {
  readonly service: string;
  readonly node: string;
  /** What has to be added to its time at the middle of the span, seconds. */
  readonly offset: number;
  /** Largest bound of the error of its times, seconds: at the middle, and of its records that count. */
  readonly uncertainty: number;
  /** Stretches of the recording without a step or a restart, 1 if there was neither. */
  readonly segments: number;
}

/** All that is known of the clocks, for notes and verdict. */
export interface ClockEvidence {
  /** Undefined if nothing relates the orchestrator's clock, which the measured span is told by, to the reference. */
  readonly span: PlacedSpan | undefined;
  /** Are all times those of one host's clock? */
  readonly shared: boolean;
  /** Per load client. */
  readonly requests: ReadonlyMap<string, ClockUse>;
  /** Per observed node. */
  readonly telemetry: ReadonlyMap<string, ClockUse>;
  /** Of all services, also of those without records. */
  readonly clocks: readonly ClockFigures[];
}

/** By the estimate that is nearest to `time` of the reference. */
function correctionAt(timeline: Timeline, { service, node, stretches }: NodeClock, time: number): Correction | undefined {
  const distance = (at: number, offset: number) => Math.abs(at + offset - time);
  const nearest = stretches
    .flatMap(stretch => stretch.estimates)
    .reduce((best, row) => (distance(row.at, row.offset) < distance(best.at, best.offset) ? row : best));
  return timeline.correction(service, node, time - nearest.offset);
}

function figuresOf(timeline: Timeline, span: PlacedSpan, uncertainties: ReadonlyMap<string, number>): ClockFigures[] {
  return timeline.clocks.flatMap(clock => {
    const { service, node, stretches } = clock;
    const found = correctionAt(timeline, clock, (span.from + span.to) / 2);
    if (found === undefined) return [];
    const uncertainty = Math.max(found.uncertainty, uncertainties.get(`${service}/${node}`) ?? 0);
    return [{ service, node, offset: found.offset, uncertainty, segments: stretches.length }];
  });
}

/** Puts together what is known of the clocks when all records have been read. */
export function clockEvidence(
  { timeline, span, shared }: ReferenceTime,
  uses: { readonly requests: ClockUses; readonly telemetry: ClockUses },
): ClockEvidence {
  const uncertainties = new Map<string, number>();
  for (const [node, { uncertainty }] of uses.requests) uncertainties.set(`client/${node}`, uncertainty);
  for (const [node, { uncertainty }] of uses.telemetry) uncertainties.set(`telemd/${node}`, uncertainty);
  return { span, shared, ...uses, clocks: span === undefined ? [] : figuresOf(timeline, span, uncertainties) };
}
