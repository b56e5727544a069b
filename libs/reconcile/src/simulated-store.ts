import type { RecordKindName } from '@galileo/bus';
import { eventChannel, formatEvent, formatTelemetry, telemetryChannel } from '@galileo/wire';
import type { Book } from './book.ts';
import { type BookRow, bookRow, readBook } from './book-state.ts';
import type { Sink } from './filing.ts';
import type { Line } from './producer-protocol.ts';
import type { RowCounts } from './row-mismatches.ts';
import { addToTally, emptyTally } from './tally.ts';
import { telemetryKey } from './telemetry-key.ts';

/** A row, or a dead letter. */
interface Row {
  readonly exp: string;
  readonly kind: RecordKindName;
  /** What tells it from others. */
  readonly key: string;
  /** Token, node or name. */
  readonly source: string;
  readonly time: number;
  readonly dead: boolean;
  readonly channel: string;
  readonly line: string;
}

/** The key by which a record is stored once. */
function keyOf(kind: RecordKindName, { channel, line }: Line): string {
  if (kind === 'trace') return line.slice(0, line.indexOf(','));
  return kind === 'telemetry' ? `${channel} ${telemetryKey(line)}` : line;
}

const idOf = (exp: string, kind: RecordKindName, key: string) => `${exp}|${kind}|${key}`;

/** The experiment store and the rows that wait for its next transaction, for the model of reconciliation. */
export function createSimulatedStore() {
  const rows = new Map<string, Row>();
  const saved = new Map<string, BookRow>();
  const archives = new Map<string, Map<string, NonNullable<BookRow['archived']>[number]>>();
  let pending: Row[] = [];

  const save = (book: Book) => {
    const row = structuredClone(bookRow(book));
    const archive = archives.get(book.recordingId) ?? new Map();
    for (const entry of row.archived ?? []) archive.set(`${entry.producerId}|${entry.kind}|${entry.node}|${entry.begin}`, entry);
    archives.set(book.recordingId, archive);
    saved.set(book.recordingId, { ...row, archived: [...archive.values()] });
  };

  return {
    /** Where records go. */
    sink(): Sink {
      const push = (book: Book, row: Omit<Row, 'exp' | 'dead'>) => pending.push({ exp: book.recordingId, dead: false, ...row });
      return {
        trace(book, { requestId, created: time }) {
          const source = requestId.split(':')[0]!;
          push(book, { kind: 'trace', key: requestId, source, time, channel: '', line: '' });
        },
        telemetry(book, { node: source, metric, subsystem, timestamp: time, value }) {
          const written = { channel: telemetryChannel(source, metric, subsystem), line: formatTelemetry(time, value) };
          push(book, { kind: 'telemetry', key: keyOf('telemetry', written), source, time, ...written });
        },
        event(book, event) {
          const line = formatEvent(event);
          const { name: source, timestamp: time } = event;
          push(book, { kind: 'event', key: line, source, time, channel: eventChannel, line });
        },
        deadLetter({ book, kind, channel, line }) {
          const key = keyOf(kind, { channel, line });
          const time = kind === 'telemetry' ? Number(telemetryKey(line)) : 0;
          const source = kind === 'telemetry' ? channel.split('/')[1]! : key.split(':')[0]!;
          pending.push({ exp: book.recordingId, kind, key, source, time, dead: true, channel, line });
        },
      };
    },
    /** One transaction: what waits, each key once, with the books as they are. */
    commit(books: readonly Book[]) {
      for (const row of pending) {
        const id = idOf(row.exp, row.kind, row.key);
        if (!rows.has(id)) rows.set(id, row);
      }
      pending = [];
      for (const book of books) save(book);
    },
    /** The recorder is killed: what waits is gone. */
    crash() {
      pending = [];
    },
    /** The books as they were committed. */
    books: (due: number): Book[] => Array.from(saved.values(), row => readBook(structuredClone(row), due)),
    row: (exp: string, kind: RecordKindName, line: Line) => rows.get(idOf(exp, kind, keyOf(kind, line))),
    keys: () => [...rows.keys()],
    /** Deletes a row behind everybody's back. */
    remove: (id: string) => rows.delete(id),
    /** Tally of the records of a source in a half-open span of time. */
    count(exp: string, kind: RecordKindName, source: string, [from, to]: readonly [number, number]) {
      const seen = emptyTally();
      let rejected = 0;
      for (const row of rows.values()) {
        if (row.exp !== exp || row.kind !== kind || row.source !== source || row.time < from || row.time >= to) continue;
        addToTally(seen, row.channel, kind === 'event' ? row.line : telemetryKey(row.line));
        if (row.dead) rejected++;
      }
      return { seen, rejected };
    },
    counts(exp: string): RowCounts {
      const traces = new Map<string, number>();
      const telemetry = new Map<string, number>();
      const rejected = new Map<RecordKindName, number>();
      let events = 0;
      for (const { kind, source, dead, ...row } of rows.values()) {
        if (row.exp !== exp) continue;
        if (dead) rejected.set(kind, (rejected.get(kind) ?? 0) + 1);
        else if (kind === 'event') events++;
        else {
          const counts = kind === 'trace' ? traces : telemetry;
          counts.set(source, (counts.get(source) ?? 0) + 1);
        }
      }
      return { traces, telemetry, events, rejected };
    },
  };
}
