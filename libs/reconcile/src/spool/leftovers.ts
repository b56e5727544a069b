import { join } from 'node:path';
import type { Logger } from '@galileo/service';
import { type Contents, contentsOf } from './contents.ts';
import { readIssuedCounters } from './issued.ts';
import { filesByProducer, issuedName, type ProducerFiles, removeProducer, stateName } from './names.ts';

import { readAll, removeFile } from './segment.ts';
import {
  type Damage,
  decodeHeader,
  decodeSegment,
  maxHeader,
  type Position,
  type ReadHeader,
  type SpooledRecord,
} from './segment-format.ts';
import { type ProducerState, readState, type StoredState } from './state.ts';
import type { SpoolSystem } from './system.ts';
import { choose, type Wanted } from './wanted.ts';

/** What reading all that an earlier producer left has shown. */
interface Examination {
  readonly records: number;
  /** Places where records were written and none can be read, by the name of the file. */
  readonly damage: readonly (Damage & { readonly file: string })[];
  /**
   * How the last segment ended: with a whole record, with one that was being written and so never published (`cut`), or, after
   * a restart of the machine without `sync`, nobody knows how.
   */
  readonly tail: 'whole' | 'cut' | 'unknown';
}

/** What an earlier producer of this directory left behind. */
export interface Leftover {
  readonly producerId: string;
  /** The state that it saved last; undefined if there is none that can be read. */
  readonly state: ProducerState | undefined;
  /** Per token the highest counter that may have been given to a request. */
  readonly issued: ReadonlyMap<string, number>;
  /** Position before which all records are durable, as far as its saved state tells. */
  readonly released: Position;
  /** When the oldest segment was begun, UNIX seconds; 0 without segments. */
  readonly begin: number;
  readonly segments: number;
  readonly bytes: number;
  /** Its records from `from` on, in their order; with `wanted` only those. */
  read(from?: Position, wanted?: readonly Wanted[]): Iterable<SpooledRecord>;
  /** Reads everything that was not read yet. */
  examine(): Examination;
  /** Nothing of it is needed any more: removes its segments and its state, for good. */
  remove(): void;
}

/** A segment that an earlier producer left. */
interface StoredSegment {
  readonly path: string;
  readonly name: string;
  /** Undefined if it can't be read. */
  readonly header: ReadHeader | undefined;
  bytes: number;
  /** What was found when it was read first. */
  found: Found | undefined;
}

interface Found {
  readonly contents: Contents;
  readonly records: number;
  /** Position of the last record, 0 if there is none. */
  readonly last: Position;
  readonly damage: readonly Damage[];
}

/** What of a segment is given up. */
interface TakenSegment {
  readonly records: readonly SpooledRecord[];
  /** Is that all? */
  readonly whole: boolean;
}

/** A leftover, as the spool needs it. */
export interface StoredLeftover {
  readonly leftover: Leftover;
  readonly removed: boolean;
  /** Reads the oldest segment and gives it to `use` before it is removed; does nothing if there is none. */
  takeOldest(use: (taken: TakenSegment) => void): void;
  /** Forgets the segments whose files are gone and gives their contents to `use`, undefined where they are not known. */
  forgetGone(use: (contents: Contents | undefined) => void): void;
}

interface LeftoverOptions {
  readonly system: SpoolSystem;
  readonly directory: string;
  readonly log: Logger;
}

function readFile(system: SpoolSystem, path: string, size: number): Buffer {
  const fd = system.open(path);
  try {
    return readAll(system, fd, size);
  } finally {
    system.close(fd);
  }
}

/** Finds what earlier producers left in a directory, oldest first. What was being removed, or says nowhere whose it is, is removed. */
export function findLeftovers(options: LeftoverOptions): StoredLeftover[] {
  const { system, directory, log } = options;
  const found: StoredLeftover[] = [];
  for (const files of filesByProducer(system.list(directory))) {
    for (const name of files.rest.splice(0)) system.remove(join(directory, name));
    if (files.gone) {
      removeProducer(system, directory, files);
      continue;
    }
    const stored = readState(system, join(directory, stateName(files.prefix)));
    if (files.hasState && stored === undefined) {
      log.error({ directory, file: stateName(files.prefix) }, 'the state of an earlier producer is damaged');
    }
    const segments = findSegments(options, files.segments);
    const producerId = stored?.producerId ?? segments.find(({ header }) => header !== undefined)?.header?.producerId;
    if (producerId !== undefined) {
      found.push(createLeftover(options, files, producerId, stored, segments));
      continue;
    }
    if (segments.length > 0) {
      log.error({ directory, files: files.segments }, 'segments that do not say whose they are can not be read and are removed');
    }
    removeProducer(system, directory, files);
  }
  return found.sort((one, other) => one.leftover.begin - other.leftover.begin);
}

function findSegments({ system, directory }: LeftoverOptions, names: readonly string[]): StoredSegment[] {
  const segments: StoredSegment[] = [];
  for (const name of names) {
    const path = join(directory, name);
    const size = system.status(path)?.size ?? 0;
    const header = decodeHeader(readFile(system, path, Math.min(size, maxHeader)));
    // The header is written together with the first records: those were never published.
    if (header === 'cut') system.remove(path);
    else segments.push({ path, name, header: header === 'damaged' ? undefined : header, bytes: size, found: undefined });
  }
  return segments;
}

function createLeftover(
  { system, directory, log }: LeftoverOptions,
  files: ProducerFiles,
  producerId: string,
  stored: StoredState | undefined,
  segments: StoredSegment[],
): StoredLeftover {
  const released = stored?.released ?? 0;
  let removed = false;

  const decode = (segment: StoredSegment) => {
    const { path, header, bytes } = segment;
    const unreadable = { records: [], damage: [{ offset: 0, bytes, records: undefined }], end: bytes };
    if (header === undefined) return unreadable;
    try {
      return decodeSegment(readFile(system, path, bytes), header);
    } catch (error) {
      log.error({ directory, file: segment.name, producer: producerId, err: error }, 'a segment of the spool can not be read');
      return unreadable;
    }
  };

  const load = (segment: StoredSegment): readonly SpooledRecord[] => {
    const { records, damage } = decode(segment);
    if (segment.found === undefined) {
      segment.found = { contents: contentsOf(records), records: records.length, last: records.at(-1)?.position ?? 0, damage };
      for (const place of damage) {
        log.error({ directory, file: segment.name, producer: producerId, damage: place }, 'a segment of the spool is damaged');
      }
    }
    return records;
  };
  const foundIn = (segment: StoredSegment): Found => {
    if (segment.found === undefined) load(segment);
    return segment.found!;
  };

  const drop = (segment: StoredSegment) => {
    removeFile(system, segment.path, log);
    segments.splice(segments.indexOf(segment), 1);
  };

  /** Only the newest segment can end in a record that was being written. */
  const cutTail = (): boolean => {
    const segment = segments.at(-1);
    if (segment === undefined) return false;
    const { end } = decode(segment);
    if (end === segment.bytes) return false;
    const fd = system.open(segment.path);
    try {
      system.truncate(fd, end);
    } finally {
      system.close(fd);
    }
    segment.bytes = end;
    return true;
  };

  const cut = cutTail();
  const sameBoot = (header: ReadHeader | undefined) =>
    header === undefined || header.synced || (header.boot !== '' && header.boot === system.boot);
  const tail = segments.every(({ header }) => sameBoot(header)) ? (cut ? 'cut' : 'whole') : 'unknown';

  function* read(from: Position = 0, wanted?: readonly Wanted[]) {
    const choice = wanted && choose(wanted);
    for (const segment of [...segments]) {
      // Meanwhile it may have been given up for newer ones.
      if (!segments.includes(segment)) continue;
      if (segment.found !== undefined && (segment.found.last < from || choice?.mayBeIn(segment.found.contents) === false))
        continue;
      for (const record of load(segment)) {
        if (record.position >= from && (choice === undefined || choice.holds(record))) yield record;
      }
    }
  }

  const leftover: Leftover = {
    producerId,
    state: stored?.state,
    issued: readIssuedCounters(system, join(directory, issuedName(files.prefix))),
    released,
    get begin() {
      return segments[0]?.header?.begin ?? 0;
    },
    get segments() {
      return segments.length;
    },
    get bytes() {
      return segments.reduce((sum, segment) => sum + segment.bytes, 0);
    },
    read,
    examine() {
      const all = segments.map(segment => ({ file: segment.name, found: foundIn(segment) }));
      return {
        records: all.reduce((sum, { found }) => sum + found.records, 0),
        damage: all.flatMap(({ file, found }) => found.damage.map(place => ({ ...place, file }))),
        tail,
      };
    },
    remove() {
      if (removed) return;
      removed = true;
      segments.length = 0;
      removeProducer(system, directory, files);
    },
  };

  return {
    leftover,
    get removed() {
      return removed;
    },
    takeOldest(use) {
      const segment = segments[0];
      if (segment === undefined) return;
      const records = load(segment).filter(({ position }) => position >= released);
      use({ records, whole: segment.found!.damage.length === 0 });
      drop(segment);
    },
    forgetGone(use) {
      for (const segment of [...segments]) {
        if (system.status(segment.path) !== undefined) continue;
        segments.splice(segments.indexOf(segment), 1);
        use(segment.found?.damage.length === 0 ? segment.found.contents : undefined);
      }
    },
  };
}
