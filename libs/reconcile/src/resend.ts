import type { Record as LineRecord, Missing, ReconcileRequest } from '@galileo/proto/recorder';
import { fromRanges } from './counters.ts';
import { kindName } from './filter.ts';
import type { SpooledRecord } from './spool/segment-format.ts';
import type { Wanted } from './spool/wanted.ts';

/** A message with records that are sent again has at most so many of them, and bytes of lines; a single one may be longer. */
const maxRecords = 500;
const maxBytes = 256 * 1024;

function wantedBy({ traces, buckets }: Missing): Wanted[] {
  const wanted: Wanted[] = [];
  for (const { token, counters } of traces) wanted.push({ kind: 'trace', token, counters: fromRanges(counters) });
  for (const { kind, node, begin } of buckets) {
    if (kindName(kind) === 'event') wanted.push({ kind: 'event', begin });
    else wanted.push({ kind: 'telemetry', node, begin });
  }
  return wanted;
}

/** The answer to a question of the recorder, message by message; `read` gives what there is of the records that are wanted. */
export function* resend(
  missing: Missing,
  read: (wanted: readonly Wanted[]) => Iterable<SpooledRecord>,
): Generator<ReconcileRequest> {
  const { recordingId } = missing;
  const message = (records: LineRecord[], done: boolean): ReconcileRequest => ({
    message: { $case: 'resent', value: { recordingId, records, done } },
  });
  let records: LineRecord[] = [];
  let bytes = 0;
  for (const { channel, line } of read(wantedBy(missing))) {
    const record = { channel, line: Buffer.from(line) };
    if (records.length === maxRecords || (records.length > 0 && bytes + record.line.length > maxBytes)) {
      yield message(records, false);
      records = [];
      bytes = 0;
    }
    records.push(record);
    bytes += record.line.length;
  }
  yield message(records, true);
}
