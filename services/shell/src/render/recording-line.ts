import type { RecordCounters, WatchRecordingResponse } from '@galileo/proto/recorder';
import { recordKinds } from '@galileo/sdk';
import { count, span } from './units.ts';

function rate(perSecond: number): string {
  return perSecond >= 100 ? count(perSecond) : perSecond.toFixed(1);
}

function counterPart({ kind, stored, rate: perSecond }: RecordCounters): string {
  const name = recordKinds.find(candidate => candidate.kind === kind)?.name ?? 'others';
  return `${name} ${count(stored)}${perSecond > 0 ? ` (${rate(perSecond)}/s)` : ''}`;
}

const sum = (counters: readonly RecordCounters[], of: (counter: RecordCounters) => number) =>
  counters.reduce((total, counter) => total + of(counter), 0);

/** Producers that are there, of those that take part; of a recording that is being closed, those that have given their last figures. */
function producersPart({ producers, connectedProducers, finalProducers, closing }: WatchRecordingResponse): string {
  if (closing) return `${finalProducers} of ${producers} producers final`;
  const found = connectedProducers === producers ? `${producers}` : `${connectedProducers} of ${producers}`;
  return `${found} ${producers === 1 ? 'producer' : 'producers'}`;
}

/**
 * How far a recording is, in at most `width` columns; what doesn't fit is left out from the end. `duration` is how long it is to be,
 * seconds.
 */
export function recordingLine(message: WatchRecordingResponse, width: number, duration: number | undefined): string {
  const { at, start, counters, backlog, held, closing } = message;
  const elapsed = Math.max(0, at - start);
  const of = duration === undefined || closing ? '' : ` of ${span(duration)}`;
  const parts = [closing ? 'closing' : 'recording', `${span(elapsed)}${of}`];
  const lost = sum(counters, counter => counter.lost);
  const rejected = sum(counters, counter => counter.rejected);
  if (lost > 0) parts.push(`${count(lost)} lost`);
  if (rejected > 0) parts.push(`${count(rejected)} rejected`);
  if (closing) parts.push(producersPart(message));
  parts.push(...counters.map(counterPart));
  if (!closing) parts.push(producersPart(message));
  if (backlog > 0) parts.push(`${count(backlog)} wait for the store`);
  if (held > 0) parts.push(`${count(held)} wait for their producer`);
  let line = parts[0] ?? '';
  for (const part of parts.slice(1)) {
    if (line.length + 2 + part.length > width) break;
    line += `  ${part}`;
  }
  return line.slice(0, width);
}
