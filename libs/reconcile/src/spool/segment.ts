import type { Logger } from '@galileo/service';
import type { Contents } from './contents.ts';
import { type Decoded, decodeSegment, encodeHeader, type Position, type ReadHeader } from './segment-format.ts';
import type { SpoolSystem } from './system.ts';

/** An open file: it can be read as long as the descriptor is open, wherever the file itself has gone. */
export interface OpenFile {
  readonly fd: number;
  readonly inode: string;
}

/** A segment of this producer. */
export interface Segment {
  readonly path: string;
  readonly header: ReadHeader;
  /** Undefined before the first records are written. */
  file: OpenFile | undefined;
  /** Bytes that are written: the header and whole records. */
  bytes: number;
  /** Position after the last record. */
  next: Position;
  /** When the last record was written, UNIX seconds. */
  newest: number;
  contents: Contents;
  /** Its file is gone and could not be made anew: what it holds dies with this process. */
  orphaned: boolean;
}

/** Writes `source[from, to)` at `position`, whole. @throws what the system throws; some of it may be written then */
export function writeAll(system: SpoolSystem, fd: number, source: Uint8Array, to: number, position: number): void {
  let at = 0;
  while (at < to) {
    const count = system.write(fd, source, at, to - at, position + at);
    if (count === 0) throw new Error(`nothing of ${to - at} bytes was written`);
    at += count;
  }
}

/** Reads the first `size` bytes of a file, or fewer if it is shorter. */
export function readAll(system: SpoolSystem, fd: number, size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  let at = 0;
  while (at < size) {
    const count = system.read(fd, bytes, at, size - at, at);
    if (count === 0) break;
    at += count;
  }
  return bytes.subarray(0, at);
}

/** Makes a file that holds the first `size` of `bytes`: all of it, or there is none. */
export function createFile(system: SpoolSystem, path: string, bytes: Uint8Array, size: number, sync: boolean): OpenFile {
  const fd = system.create(path);
  try {
    writeAll(system, fd, bytes, size, 0);
    if (sync) system.sync(fd);
    return { fd, inode: system.status(fd)!.inode };
  } catch (error) {
    system.close(fd);
    system.remove(path);
    throw error;
  }
}

/** Reads the records of a segment, as far as they are there. */
export function readSegment(system: SpoolSystem, segment: Segment): Decoded {
  if (segment.file === undefined) return { records: [], damage: [], end: 0 };
  return decodeSegment(readAll(system, segment.file.fd, segment.bytes), segment.header);
}

/** Is the file where it belongs, and as long as it should be? */
export function isIntact(system: SpoolSystem, segment: Segment): boolean {
  if (segment.file === undefined) return true;
  const status = system.status(segment.path);
  return status !== undefined && status.inode === segment.file.inode && status.size >= segment.bytes;
}

/**
 * Makes the file of a segment anew, from what can be read of it.
 * @returns the records that are left; what of it is not in `contents` any more is gone
 */
export function restoreFile(system: SpoolSystem, segment: Segment, sync: boolean): Decoded {
  const bytes = readAll(system, segment.file!.fd, segment.bytes);
  const decoded = decodeSegment(bytes, segment.header);
  const header = encodeHeader(segment.header);
  // What was truncated may be shorter than its header.
  const kept = bytes.length < header.length ? header : bytes.subarray(0, decoded.end);
  system.remove(segment.path);
  const file = createFile(system, segment.path, kept, kept.length, sync);
  system.close(segment.file!.fd);
  segment.file = file;
  segment.bytes = kept.length;
  segment.orphaned = false;
  return decoded;
}

/** Removes a file that nobody needs; that it can't be removed is logged and nothing else. */
export function removeFile(system: SpoolSystem, path: string, log: Logger): void {
  try {
    system.remove(path);
  } catch (error) {
    log.warn({ file: path, err: error }, 'a file of the spool can not be removed');
  }
}
