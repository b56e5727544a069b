import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import type { RecordFilter } from '@galileo/proto/recorder';
import type { Counters } from '../counters.ts';
import { createFile, readAll } from './segment.ts';
import type { Position } from './segment-format.ts';
import type { SpoolSystem } from './system.ts';

/** What a producer must know of itself to go on for one that was killed. */
export interface ProducerState {
  /** Recordings that are not settled, with the interval in the producer's raw time, UNIX seconds. */
  readonly recordings: readonly {
    readonly recordingId: string;
    readonly filter: RecordFilter;
    readonly from: number;
    readonly to: number | null;
  }[];
  /** Per client instance the counters that are settled, and those of them that have no record. */
  readonly clients: readonly {
    readonly clientId: string;
    readonly service: string;
    readonly token: string;
    readonly settled: Counters;
    readonly unrecorded: Counters;
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
