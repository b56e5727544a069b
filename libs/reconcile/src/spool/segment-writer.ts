import { join } from 'node:path';
import type { RecordKindName } from '@galileo/bus';
import type { Logger } from '@galileo/service';
import { addToContents, emptyContents, type Identity, identityOf } from './contents.ts';
import { createDraft } from './draft.ts';
import { prefixOf, segmentName } from './names.ts';
import { createFile, type Segment, writeAll } from './segment.ts';
import { decodeHeader, encodeHeader, type Position, type ReadHeader } from './segment-format.ts';
import type { SpoolSystem } from './system.ts';

export interface SegmentWriterOptions {
  readonly system: SpoolSystem;
  readonly directory: string;
  readonly producerId: string;
  /** A segment is ended when it is as long, bytes. */
  readonly segmentBytes: number;
  /** A record that is longer is not spooled, bytes. */
  readonly maxRecord: number;
  readonly sync: boolean;
  readonly now: () => number;
  readonly log: Logger;
  /** Called with the number of bytes that are about to be written; throws if they must not be. */
  readonly beforeWrite: (bytes: number) => void;
  /** Told how each write ended. */
  readonly onWrite: (error: Error | undefined) => void;
  readonly onDirectoryGone: () => void;
}

/** Appends records to segments, one after the other. */
export interface SegmentWriter {
  append(kind: RecordKindName, channel: string, line: string, identity?: Identity): Position;
  /** Writes what waits. */
  flush(): void;
  /** The next record begins another segment; what waits must be written. */
  end(): void;
  /** Is it the segment that is written to? */
  isActive(segment: Segment): boolean;
  /** When the segment that is written to was begun, UNIX seconds. */
  readonly begun: number | undefined;
  readonly next: Position;
  readonly waits: boolean;
  /** Bytes that wait. */
  readonly waitingBytes: number;
  readonly notSpooled: Readonly<Record<RecordKindName, number>>;
}

/** What waits for a commit is written at the latest when it is as long, bytes. */
const maxDraft = 128 * 1024;

/** Makes a writer; tells of each segment that gets a file, and has those restored whose file is gone. */
export function createSegmentWriter(
  options: SegmentWriterOptions,
  onCreated: (segment: Segment) => void,
  restore: (segment: Segment) => void,
): SegmentWriter {
  const { system, directory, producerId, segmentBytes, sync, now, log, onWrite } = options;
  const prefix = prefixOf(producerId);
  const draft = createDraft(options.maxRecord);
  const notSpooled: Record<RecordKindName, number> = { trace: 0, telemetry: 0, event: 0 };
  let active: Segment | undefined;
  let sequence = 0;
  let next = 1;

  const begin = (first: Position): Segment => {
    sequence++;
    const bytes = encodeHeader({ producerId, sequence, first, begin: now(), boot: system.boot, synced: sync });
    const header = decodeHeader(bytes) as ReadHeader;
    draft.turn(header);
    draft.prepend(bytes);
    return {
      path: join(directory, segmentName(prefix, sequence)),
      header,
      file: undefined,
      bytes: 0,
      next: first,
      newest: header.begin,
      contents: emptyContents(),
      orphaned: false,
    };
  };

  const createFor = (segment: Segment) => {
    const create = () => createFile(system, segment.path, draft.buffer, draft.used, sync);
    try {
      segment.file = create();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      options.onDirectoryGone();
      options.beforeWrite(0);
      segment.file = create();
    }
    onCreated(segment);
    if (sync) system.syncDirectory(directory);
  };

  const write = (segment: Segment) => {
    options.beforeWrite(draft.used);
    if (segment.file === undefined) {
      createFor(segment);
      return;
    }
    if (segment.orphaned) restore(segment);
    const { fd } = segment.file;
    try {
      writeAll(system, fd, draft.buffer, draft.used, segment.bytes);
      if (sync) system.sync(fd);
    } catch (error) {
      cutBack(segment, fd);
      throw error;
    }
  };

  /** What was written in part must not be taken for records when something shorter is written over it. */
  const cutBack = (segment: Segment, fd: number) => {
    try {
      system.truncate(fd, segment.bytes);
    } catch (error) {
      log.warn({ directory, file: segment.path, err: error }, 'a segment of the spool is ended before its time');
      active = undefined;
    }
  };

  const flush = () => {
    const segment = active;
    if (segment === undefined || draft.identities.length === 0) return;
    try {
      write(segment);
    } catch (error) {
      for (const { kind } of draft.identities) notSpooled[kind]++;
      draft.clear();
      if (segment.file === undefined) active = undefined;
      onWrite(error as Error);
      return;
    }
    segment.bytes += draft.used;
    segment.next = draft.last + 1;
    segment.newest = now();
    for (const identity of draft.identities) addToContents(segment.contents, identity);
    draft.clear();
    onWrite(undefined);
  };

  return {
    append(kind, channel, line, identity = identityOf(kind, channel, line)) {
      const position = next++;
      active ??= begin(position);
      if (!draft.add(position, identity, channel, line)) {
        notSpooled[kind]++;
        return position;
      }
      const full = active.bytes + draft.used >= segmentBytes;
      if (full || draft.used >= maxDraft) flush();
      if (full) active = undefined;
      return position;
    },
    flush,
    end() {
      active = undefined;
      draft.clear();
    },
    isActive: segment => segment === active,
    get begun() {
      return active?.header.begin;
    },
    get next() {
      return next;
    },
    get waits() {
      return draft.identities.length > 0;
    },
    get waitingBytes() {
      return draft.identities.length === 0 ? 0 : draft.used;
    },
    notSpooled,
  };
}
