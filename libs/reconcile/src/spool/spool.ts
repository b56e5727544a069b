import { join } from 'node:path';
import type { RecordKindName } from '@galileo/bus';
import type { Logger } from '@galileo/service';
import { emptyContents, type Identity, type IsNeeded, type Missing, missingFrom } from './contents.ts';
import { SpoolError } from './errors.ts';
import { createIssuedCounters } from './issued.ts';
import { findLeftovers, type Leftover } from './leftovers.ts';
import { takeLock } from './lock.ts';
import { filesByProducer, issuedName, prefixOf, removeProducer, stateName } from './names.ts';
import { createOwnSegments } from './own-segments.ts';
import { maxProducerId, type Position, type SpooledRecord } from './segment-format.ts';
import { encodeState, type ProducerState, writeState } from './state.ts';
import { createSystem, type SpoolSystem } from './system.ts';
import type { Wanted } from './wanted.ts';

/** Records that are no longer in the spool although nobody said that they are durable. */
export interface Dropped {
  readonly producerId: string;
  /** `cap`: they had to make room for newer ones. `wiped`: their files were removed or cut short by somebody. */
  readonly reason: 'cap' | 'wiped';
  /** Those that could be read. */
  readonly records: readonly SpooledRecord[];
  /** Those that could not, as far as they are known; undefined if nothing is known of them. */
  readonly missing: Missing | undefined;
}

export interface SpoolOptions {
  /** Directory for one producer at a time; made if it is not there. */
  readonly directory: string;
  /** Id of this producer, which no other ever had in this directory. */
  readonly producerId: string;
  /** Cap of all segments in the directory, those of earlier producers too, bytes. */
  readonly maxBytes: number;
  /** A segment is ended when it is as long, bytes; default a 64th of the cap, but 64 KiB to 4 MiB, and never over a quarter of the cap. */
  readonly segmentBytes?: number;
  /** While pre-roll is discarded, a segment is ended after so many seconds; 5 unless told. */
  readonly segmentAge?: number;
  /** Write each commit through to the device, so that it outlives a loss of power; default no: it outlives the process. */
  readonly sync?: boolean;
  /** The operating system, unless a test simulates it. */
  readonly system?: SpoolSystem;
  /** Now, UNIX seconds. */
  readonly now: () => number;
  readonly log: Logger;
  /** Called for what is given up, just before it is; must not append. */
  readonly onDropped: (dropped: Dropped) => void;
}

/**
 * What a producer has published and nobody has yet called durable, in files, so that it outlives the producer. Appending and
 * committing never throw: what can't be written is counted in `notSpooled`, and may be published all the same.
 */
export interface Spool extends Disposable {
  /** Takes a record; its identity is read from the line unless it is given. @returns its position */
  append(kind: RecordKindName, channel: string, line: string, identity?: Identity): Position;
  /** Hands all that was appended to the kernel, from where a SIGKILL can't take it. To be called before it is published. */
  commit(): void;
  /** Removes the oldest segments as long as they hold only records before `upTo`, and none that is needed. */
  release(upTo: Position, isNeeded: IsNeeded): void;
  /** Nobody needs what was appended before `time`, UNIX seconds: such segments are removed, and their records not counted. */
  discardBefore(time: number): void;
  /**
   * What is committed from `from` on, in its order; with `wanted` only those records, for which only segments that hold some
   * are read. May be taken slowly: what is released or given up meanwhile is left out.
   */
  read(from?: Position, wanted?: readonly Wanted[]): Iterable<SpooledRecord>;
  /** Saves what a later producer must know to go on; at any time the last or the new state is there. @returns false if it could not */
  saveState(state: ProducerState): boolean;
  /** Counters of a client instance up to this one may have been given to requests. To be called before these are sent. */
  issue(token: string, counter: number): void;
  /** What earlier producers left in the directory, oldest first. */
  leftovers(): readonly Leftover[];
  /**
   * Looks whether the files are still there; `commit` does so once a second. What was removed is written anew from the
   * descriptors that are still open; what of it can't be read any more is told to `onDropped`.
   */
  look(): void;
  /** Nothing of this producer is needed any more: removes its segments and its state, for good. It must not append after that. */
  remove(): void;
  /** Position that the next record gets. */
  readonly next: Position;
  /** Bytes of all segments, those of earlier producers too, and of what waits for the commit. */
  readonly bytes: number;
  /** Records that were appended and could not be written. */
  readonly notSpooled: Readonly<Record<RecordKindName, number>>;
}

/** Seconds between two looks. */
const lookInterval = 1;

function checkedSegmentBytes({ directory, producerId, maxBytes, segmentBytes }: SpoolOptions): number {
  const idBytes = Buffer.byteLength(producerId);
  if (idBytes === 0 || idBytes > maxProducerId) {
    throw new SpoolError(directory, `can't be opened: found a producer id of ${idBytes} bytes; allowed: 1 to ${maxProducerId}`);
  }
  if (!(maxBytes >= 1024)) {
    throw new SpoolError(directory, `can't be opened: found a cap of ${maxBytes} bytes; allowed: 1024 or more`);
  }
  const bytes = segmentBytes ?? Math.min(maxBytes / 4, 4 * 1024 * 1024, Math.max(64 * 1024, maxBytes / 64));
  if (!(bytes > 0 && bytes <= maxBytes / 4)) {
    throw new SpoolError(
      directory,
      `can't be opened: found segments of ${bytes} bytes; allowed: more than 0, at most ${maxBytes / 4}`,
    );
  }
  return bytes;
}

/** Logs when something stops working and when it works again, and nothing in between. */
function createChangeLog(log: Logger, directory: string, stops: string, resumes: string) {
  let broken = false;
  return (error: Error | undefined, fields: () => object = () => ({})) => {
    if (broken === (error !== undefined)) return;
    broken = !broken;
    if (error !== undefined) log.error({ directory, err: error, ...fields() }, stops);
    else log.info({ directory, ...fields() }, resumes);
  };
}

/**
 * Opens the spool of a producer that starts.
 * @throws SpoolLockedError if another process has the directory; SpoolError if it can't be used or an option is not allowed
 */
export function openSpool(options: SpoolOptions): Spool {
  const { directory, producerId, maxBytes, sync = false, log, now, onDropped } = options;
  const segmentBytes = checkedSegmentBytes(options);
  const system = options.system ?? createSystem();
  const prefix = prefixOf(producerId);
  const statePath = join(directory, stateName(prefix));
  const ownFiles = () => filesByProducer(system.list(directory)).find(files => files.prefix === prefix);

  const prepareDirectory = () => {
    try {
      system.makeDirectory(directory);
      const lock = takeLock(system, directory);
      try {
        if (ownFiles() !== undefined) throw new SpoolError(directory, `holds records of ${producerId}, which starts only now`);
        return { lock, earlier: findLeftovers({ system, directory, log }) };
      } catch (error) {
        lock[Symbol.dispose]();
        throw error;
      }
    } catch (error) {
      if (error instanceof SpoolError) throw error;
      throw new SpoolError(directory, `can't be used: ${(error as Error).message}`, { cause: error });
    }
  };
  const { lock, earlier } = prepareDirectory();

  const issued = createIssuedCounters({ system, path: join(directory, issuedName(prefix)), log });
  /** Why nothing may be written now. */
  let blocked: Error | undefined;
  let lookedAt = now();
  let saved: string | undefined;
  const writing = createChangeLog(
    log,
    directory,
    'the spool can not be written: records are published without being kept',
    'the spool is written again',
  );
  const saving = createChangeLog(
    log,
    directory,
    'the state of the producer can not be saved',
    'the state of the producer is saved again',
  );

  const storedBytes = () => earlier.reduce((sum, { leftover }) => sum + leftover.bytes, own.storedBytes);

  /** What earlier producers left is older than all that is this one's. */
  const dropOldest = (): boolean => {
    const oldest = earlier.find(({ leftover }) => leftover.segments > 0);
    if (oldest === undefined) {
      return own.takeOldest(({ records, missing }) => onDropped({ producerId, reason: 'cap', records, missing }));
    }
    oldest.takeOldest(({ records, whole }) => {
      const missing = whole ? missingFrom(emptyContents(), emptyContents()) : undefined;
      onDropped({ producerId: oldest.leftover.producerId, reason: 'cap', records, missing });
    });
    return true;
  };

  const makeRoom = (bytes: number) => {
    while (storedBytes() + bytes > maxBytes && dropOldest());
  };

  const look = () => {
    lookedAt = now();
    try {
      if (system.status(directory) === undefined) system.makeDirectory(directory);
      lock.keep();
      blocked = undefined;
      own.restore();
      if (saved !== undefined && system.status(statePath) === undefined) store(saved);
    } catch (error) {
      blocked = error as Error;
    }
    for (const { leftover, forgetGone } of earlier) {
      forgetGone(contents => {
        const missing = contents && missingFrom(contents, emptyContents());
        onDropped({ producerId: leftover.producerId, reason: 'wiped', records: [], missing });
      });
    }
  };

  const own = createOwnSegments({
    system,
    directory,
    producerId,
    segmentBytes,
    maxRecord: Math.min(maxBytes / 4, 32 * 1024 * 1024),
    sync,
    now,
    log,
    beforeWrite(bytes) {
      if (blocked !== undefined) throw blocked;
      makeRoom(bytes);
    },
    onWrite: error => writing(error, () => ({ notSpooled: { ...own.notSpooled } })),
    onDirectoryGone: look,
    onWiped: missing => onDropped({ producerId, reason: 'wiped', records: [], missing }),
  });

  const store = (text: string): boolean => {
    try {
      if (blocked !== undefined) throw blocked;
      writeState(system, statePath, text, sync);
      saving(undefined);
      return true;
    } catch (error) {
      saving(error as Error);
      return false;
    }
  };

  return {
    append: own.append,
    commit() {
      own.flush();
      // Also without anything to write: what earlier producers left may be more than this one's cap.
      makeRoom(0);
      if (now() - lookedAt >= lookInterval) look();
    },
    release: own.release,
    discardBefore: time => own.discardBefore(time, now() - (options.segmentAge ?? 5)),
    read: own.read,
    saveState(state) {
      saved = encodeState({ producerId, released: own.released, state });
      return store(saved);
    },
    issue: issued.note,
    leftovers: () => earlier.filter(({ removed }) => !removed).map(({ leftover }) => leftover),
    look,
    remove() {
      own.close();
      issued[Symbol.dispose]();
      saved = undefined;
      const files = ownFiles();
      if (files !== undefined) removeProducer(system, directory, files);
    },
    get next() {
      return own.next;
    },
    get bytes() {
      return storedBytes() + own.waitingBytes;
    },
    notSpooled: own.notSpooled,
    [Symbol.dispose]() {
      own.flush();
      own.close();
      issued[Symbol.dispose]();
      blocked = new SpoolError(directory, 'is closed');
      lock[Symbol.dispose]();
      // Nothing may be left of a service that ended in order.
      system.removeDirectory(directory);
    },
  };
}
