import type { RecordKindName } from '@galileo/bus';
import { contentsOf, type Identity, type IsNeeded, type Missing, missingFrom } from './contents.ts';
import { isIntact, readSegment, removeFile, restoreFile, type Segment } from './segment.ts';
import type { Position, SpooledRecord } from './segment-format.ts';
import { createSegmentWriter, type SegmentWriterOptions } from './segment-writer.ts';
import { choose, type Wanted } from './wanted.ts';

export interface OwnSegmentsOptions extends SegmentWriterOptions {
  /** Told of records that can't be read any more. */
  readonly onWiped: (missing: Missing) => void;
}

/** The segments of this process's producer. The descriptor of each stays open until it is not needed any more. */
export interface OwnSegments {
  append(kind: RecordKindName, channel: string, line: string, identity?: Identity): Position;
  /** Writes what waits. */
  flush(): void;
  release(upTo: Position, isNeeded: IsNeeded): void;
  /** Removes segments that were written before `time`; the newest is ended if it was begun before `begun`. */
  discardBefore(time: number, begun: number): void;
  read(from?: Position, wanted?: readonly Wanted[]): Iterable<SpooledRecord>;
  /** Gives the oldest segment that is ended to `use` and removes it. @returns false if there is none */
  takeOldest(use: (taken: { readonly records: readonly SpooledRecord[]; readonly missing: Missing }) => void): boolean;
  /** Makes files that are not as they should be anew. */
  restore(): void;
  /** Forgets everything, and leaves the files as they are. */
  close(): void;
  readonly released: Position;
  readonly next: Position;
  readonly storedBytes: number;
  readonly waitingBytes: number;
  readonly notSpooled: Readonly<Record<RecordKindName, number>>;
}

/** Makes the segments of a producer that has none yet. */
export function createOwnSegments(options: OwnSegmentsOptions): OwnSegments {
  const { system, directory, sync, log } = options;
  /** Those that have a file, oldest first. */
  const segments: Segment[] = [];
  let released = 1;

  const forget = (segment: Segment) => {
    if (writer.isActive(segment)) writer.end();
    segments.splice(segments.indexOf(segment), 1);
    if (segment.file !== undefined) system.close(segment.file.fd);
    removeFile(system, segment.path, log);
  };

  /** @returns how many records are left */
  const restoreSegment = (segment: Segment): number => {
    const { records } = restoreFile(system, segment, sync);
    if (sync) system.syncDirectory(directory);
    const left = contentsOf(records);
    const missing = missingFrom(segment.contents, left);
    segment.contents = left;
    if (missing.records > 0) options.onWiped(missing);
    return records.length;
  };

  const readable = (segment: Segment): readonly SpooledRecord[] => {
    try {
      const { records, damage } = readSegment(system, segment);
      if (damage.length > 0) log.error({ file: segment.path, damage }, 'a segment of the spool is damaged');
      return records;
    } catch (error) {
      log.error({ file: segment.path, err: error }, 'a segment of the spool can not be read');
      return [];
    }
  };

  const writer = createSegmentWriter(options, segment => segments.push(segment), restoreSegment);

  return {
    append: writer.append,
    flush: writer.flush,

    release(upTo, isNeeded) {
      for (let oldest = segments[0]; oldest !== undefined && oldest.next <= upTo; oldest = segments[0]) {
        if ((writer.waits && writer.isActive(oldest)) || isNeeded(oldest.contents)) return;
        released = oldest.next;
        forget(oldest);
      }
    },

    discardBefore(time, begun) {
      if (writer.begun !== undefined && writer.begun < begun) {
        writer.flush();
        writer.end();
      }
      for (let oldest = segments[0]; oldest !== undefined && oldest.newest < time; oldest = segments[0]) {
        if (writer.isActive(oldest)) return;
        forget(oldest);
      }
    },

    *read(from = 0, wanted) {
      const choice = wanted && choose(wanted);
      const end = segments.at(-1)?.next ?? 0;
      let at = from;
      while (at < end) {
        // Looked for anew each time: while a record was handed out, segments may have come and gone.
        const segment = segments.find(({ next: after }) => after > at);
        if (segment === undefined) return;
        const begin = at;
        at = segment.next;
        if (choice?.mayBeIn(segment.contents) === false) continue;
        for (const record of readable(segment)) {
          if (record.position >= begin && record.position < end && (choice === undefined || choice.holds(record))) yield record;
        }
      }
    },

    takeOldest(use) {
      const segment = segments[0];
      if (segment === undefined || writer.isActive(segment)) return false;
      const records = readable(segment);
      const missing = missingFrom(segment.contents, contentsOf(records));
      const lost = records.filter(({ position }) => position >= released);
      if (lost.length > 0 || missing.records > 0) use({ records: lost, missing });
      forget(segment);
      return true;
    },

    restore() {
      const found = segments.filter(segment => !segment.orphaned && !isIntact(system, segment));
      const orphans = segments.filter(segment => segment.orphaned);
      let failure: unknown;
      for (const segment of [...orphans, ...found]) {
        try {
          if (restoreSegment(segment) === 0 && !writer.isActive(segment)) forget(segment);
        } catch (error) {
          segment.orphaned = true;
          failure = error;
        }
      }
      if (found.length > 0) {
        const fields = { directory, segments: found.length, ...(failure === undefined ? {} : { err: failure }) };
        log.warn(
          fields,
          `segments of the spool were removed or cut short, and are ${failure === undefined ? '' : 'not '}written anew`,
        );
      } else if (orphans.length > 0 && failure === undefined) {
        log.info({ directory, segments: orphans.length }, 'segments of the spool that were removed are written anew');
      }
    },

    close() {
      for (const { file } of segments.splice(0)) if (file !== undefined) system.close(file.fd);
      writer.end();
    },

    get released() {
      return released;
    },
    get next() {
      return writer.next;
    },
    get storedBytes() {
      return segments.reduce((sum, { bytes }) => sum + bytes, 0);
    },
    get waitingBytes() {
      return writer.waitingBytes;
    },
    notSpooled: writer.notSpooled,
  };
}
