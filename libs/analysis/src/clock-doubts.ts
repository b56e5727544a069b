import { type Experiment, ExperimentStatus } from '@galileo/proto/orchestrator';
import type { ClockEvidence, ClockUse } from './clocks.ts';
import { numberOf, shareText, spanText } from './quantities.ts';

/** What the clocks say against a run, and of it. */
interface ClockDoubts {
  readonly experiment: Experiment;
  readonly clocks: ClockEvidence;
  /** Length of the measured span, seconds. */
  readonly span: number;
}

/** A number of seconds with its limit; undefined if it keeps to it. */
type Excess = (seconds: number) => string | undefined;

function excessOver(length: number, share: number): Excess {
  const limit = share * length;
  return seconds =>
    seconds > limit
      ? `${spanText(seconds)} (limit ${spanText(limit)}, ${shareText(share)} of the ${spanText(length)} of the measured span)`
      : undefined;
}

function sentence(begin: string, excess: string | undefined): string[] {
  return excess === undefined ? [] : [`${begin} ${excess}.`];
}

function nodeReasons(who: string, { leftOut, uncertainty, overrun }: ClockUse, spanUncertainty: number, excess: Excess) {
  if (leftOut > 0) {
    return [`Nothing tells how the clock of ${who} related to the recorder's, so not all of its records have a place in time.`];
  }
  return [
    ...sentence(
      `Between the clock of ${who} and the measured span remains an uncertainty of`,
      excess(uncertainty + spanUncertainty),
    ),
    ...sentence(`By the recorder's clock, requests of ${who} were due after the measured span, by up to`, excess(overrun)),
  ];
}

/** Why the clocks don't support figures over the measured span: such a figure needs those of its records and of the span. */
export function clockReasons({ experiment, clocks, span: length }: ClockDoubts, share: number): string[] {
  if (length <= 0) return [];
  const { span, requests, telemetry } = clocks;
  if (span === undefined) {
    return ["Nothing tells how the orchestrator's clock related to the recorder's, so the measured span has no place in time."];
  }
  const excess = excessOver(length, share);
  // What was due before an early end may slip through it.
  const cut = experiment.status !== ExperimentStatus.FINISHED;
  return [
    ...sentence(
      "Within the measured span the orchestrator's clock and the recorder's moved against each other by",
      excess(span.step),
    ),
    ...[...requests].flatMap(([node, use]) =>
      nodeReasons(`load client ${node}`, cut ? { ...use, overrun: 0 } : use, span.uncertainty, excess),
    ),
    ...[...telemetry].flatMap(([node, use]) => nodeReasons(`node ${node}`, use, span.uncertainty, excess)),
  ];
}

function leftOutNotes(uses: ReadonlyMap<string, ClockUse>, who: string, noun: string): string[] {
  return [...uses]
    .filter(([, { leftOut }]) => leftOut > 0)
    .map(([node, { leftOut }]) => {
      const are = leftOut === 1 ? 'is' : 'are';
      return `${numberOf(leftOut, noun)} of ${who} ${node} ${are} left out: nothing tells how its clock related to the recorder's.`;
    });
}

/** What was left out, how well the clocks are known, and which ones were so far off that figures would be wrong by raw times. */
export function clockNotes({ clocks: evidence, span: length }: ClockDoubts, share: number): string[] {
  const { span, shared, requests, telemetry, clocks } = evidence;
  const notes = [...leftOutNotes(requests, 'load client', 'request'), ...leftOutNotes(telemetry, 'node', 'telemetry sample')];
  if (length <= 0 || shared || span === undefined || clocks.length === 0) return notes;
  const worst = clocks.reduce((one, other) => (other.uncertainty > one.uncertainty ? other : one));
  notes.push(
    `The clocks of the nodes are known within ${spanText(worst.uncertainty)} of the recorder's; ` +
      `the least known is that of ${worst.service} ${worst.node}.`,
  );
  for (const { service, node, offset, segments } of clocks) {
    if (Math.abs(offset) <= share * length) continue;
    const side = offset > 0 ? 'behind' : 'ahead of';
    notes.push(
      `The clock of ${service} ${node} was ${spanText(Math.abs(offset))} ${side} the recorder's ` +
        `(${numberOf(segments, 'segment')}); its times are corrected by that.`,
    );
  }
  return notes;
}
