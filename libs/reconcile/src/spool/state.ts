import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import type { RecordKindName } from '@galileo/bus';
import type { RecordFilter } from '@galileo/proto/recorder';
import type { Counters } from '../counters.ts';
import type { Tally } from '../tally.ts';
import { createFile, readAll } from './segment.ts';
import type { Position } from './segment-format.ts';
import type { SpoolSystem } from './system.ts';

/** What a producer has counted for one recording, without what is durable. Times are the producer's raw ones, UNIX seconds. */
export interface FiguresState {
  readonly recordingId: string;
  readonly filter: RecordFilter;
  readonly from: number;
  /** `null` while the interval is open. */
  readonly to: number | null;
  /** Time of the newest record. */
  readonly newest: number;
  readonly produced: Readonly<Record<RecordKindName, number>>;
  readonly lost: Readonly<Record<RecordKindName, number>>;
  readonly clients: readonly {
    readonly clientId: string;
    readonly token: string;
    readonly recorded: Counters;
    readonly durable: Counters;
    readonly produced: number;
  }[];
  readonly buckets: readonly {
    readonly kind: 'telemetry' | 'event';
    readonly node: string;
    readonly begin: number;
    readonly version: number;
    readonly tally: Readonly<Tally>;
  }[];
}

/** What a process must know to go on for a producer that was killed. */
export interface ProducerState {
  /** All records before it are in the figures. */
  readonly position: Position;
  /** Recordings that are not settled. */
  readonly recordings: readonly FiguresState[];
  /** The client instances, each with the counters that are published or settled without a record. */
  readonly clients: readonly {
    readonly clientId: string;
    readonly service: string;
    readonly token: string;
    readonly settled: Counters;
  }[];
}

/** A state with whose it is and the position before which all records were durable. */
export interface StoredState {
  readonly producerId: string;
  readonly released: Position;
  readonly state: ProducerState;
}

const magic = 'GALSTATE 1';

/** The text of a state file: a line with the checksum of the second, which is JSON. */
export function encodeState(stored: StoredState): string {
  const json = JSON.stringify(stored);
  return `${magic} ${crc32(json).toString(16).padStart(8, '0')}\n${json}\n`;
}

/** Reads the text of a state file; undefined if it is damaged or of another version. */
function decodeState(text: string): StoredState | undefined {
  const [head, json] = text.split('\n');
  if (json === undefined || head !== `${magic} ${crc32(json).toString(16).padStart(8, '0')}`) return undefined;
  return JSON.parse(json) as StoredState;
}

/** Name of the file that a state is written to before it takes the place of the last one. */
const unfinished = (path: string) => `${path}.new`;

/** Writes a state file: at any time the old or the new one is there, whole. */
export function writeState(system: SpoolSystem, path: string, text: string, sync: boolean): void {
  const bytes = Buffer.from(text);
  system.remove(unfinished(path));
  system.close(createFile(system, unfinished(path), bytes, bytes.length, sync).fd);
  system.rename(unfinished(path), path);
  if (sync) system.syncDirectory(dirname(path));
}

/** Reads a state file; undefined if it is not there, damaged or of another version. */
export function readState(system: SpoolSystem, path: string): StoredState | undefined {
  const status = system.status(path);
  if (status === undefined) return undefined;
  const fd = system.open(path);
  try {
    return decodeState(readAll(system, fd, status.size).toString());
  } finally {
    system.close(fd);
  }
}
