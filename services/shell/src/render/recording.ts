import type { Ledger, RecordingSummary } from '@galileo/proto/recorder';
import { recordKinds } from '@galileo/sdk';
import { renderLedger } from './ledger.ts';
import { ledgerJson } from './ledger-json.ts';
import type { RenderOptions } from './paint.ts';
import { count, instant, span } from './units.ts';

type State = 'open' | 'closing' | 'ended';

/** State of a recording in a word. */
export function stateOf({ end, closing }: Pick<RecordingSummary, 'end' | 'closing'>): State {
  if (end > 0) return 'ended';
  return closing ? 'closing' : 'open';
}

/** Is everything accounted for, stored or rejected, and nothing lost? */
export function isComplete({ entries, final, mismatches }: Ledger): boolean {
  const balanced = entries.every(({ produced, stored, rejected, lost }) => lost === 0 && produced === stored + rejected);
  return final && balanced && mismatches.length === 0;
}

function unverifiedNotes({ entries }: Ledger): string[] {
  return recordKinds.flatMap(({ kind, name }) => {
    const unverified = entries.find(entry => entry.kind === kind)?.unverified ?? 0;
    return unverified === 0
      ? []
      : [`  - ${count(unverified)} of the ${name} are unverified: they come from producers that state nothing`];
  });
}

function unsettledNotes({ entries }: Ledger): string[] {
  const unsettled = entries.reduce((sum, entry) => sum + entry.unsettled, 0);
  if (unsettled === 0) return [];
  return [`  - a client was killed while up to ${count(unsettled)} of its requests were on the way: they are in no figure`];
}

/** A recording with its ledger as text, with a newline at its end. */
export function renderRecording(recording: RecordingSummary, options: RenderOptions): string {
  const { experimentId, name, start, end, ledger } = recording;
  const state = stateOf(recording);
  const took = state === 'ended' ? `, took ${span(end - start)}` : '';
  const named = name === experimentId ? '' : `${options.paint('bold', name)}  `;
  const title = `${named}${experimentId}  ${state}  ${instant(start)}${took}`;
  const notes = ledger === undefined ? [] : [...unverifiedNotes(ledger), ...unsettledNotes(ledger)];
  return `${title}\n\n${[renderLedger(ledger, options, state !== 'ended'), ...notes].join('\n')}\n`;
}

/** The object that the commands about recordings print; times in UNIX seconds. */
export function recordingJson(recording: RecordingSummary) {
  const { experimentId, name, creator, start, end, ledger } = recording;
  return {
    recording: { id: experimentId, name, creator, start, end: end === 0 ? null : end, state: stateOf(recording) },
    ...ledgerJson(ledger),
    complete: ledger !== undefined && isComplete(ledger),
  };
}
