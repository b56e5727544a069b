import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Entry, fromBufferPromise } from 'yauzl';

/** What an archive may hold. */
export interface UnpackLimits {
  readonly entries: number;
  /** Bytes of all files together, unpacked. */
  readonly bytes: number;
}

/** An archive that is none, or that is not to be unpacked; the message names the entry, what was found and what is allowed. */
export class ArchiveError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ArchiveError';
  }
}

/** File type bits of a Unix mode (POSIX sys/stat.h), which the upper half of an entry's external attributes holds. */
const typeMask = 0o170000;
const types: ReadonlyMap<number, string> = new Map([
  [0, 'file'],
  [0o100000, 'file'],
  [0o040000, 'directory'],
  [0o120000, 'symbolic link'],
]);

/** Is it a directory? @throws ArchiveError for what must not be made on the disk. */
function isDirectory(entry: Entry): boolean {
  const { fileName, externalFileAttributes } = entry;
  const shown = JSON.stringify(fileName);
  // The reader refuses names that are absolute, lead out of the folder, or hold a backslash; to some systems these mean more.
  if (/[\0:]/.test(fileName)) throw new ArchiveError(`found the entry ${shown}; allowed: names without colon and NUL`);
  const type = types.get((externalFileAttributes >>> 16) & typeMask) ?? 'special file';
  if (type !== 'file' && type !== 'directory') {
    throw new ArchiveError(`found the entry ${shown}, a ${type}; allowed: files and directories`);
  }
  if (entry.isEncrypted()) throw new ArchiveError(`found the entry ${shown}, which is encrypted; allowed: plain entries`);
  return fileName.endsWith('/');
}

/** Counts what comes out of the archive: what its headers say is not to be relied on. */
function meter(take: (bytes: number) => void): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      try {
        take(chunk.length);
        done(null, chunk);
      } catch (error) {
        done(error as Error);
      }
    },
  });
}

/**
 * Unpacks a zip into a folder that is there and empty.
 * @throws (rejects with) ArchiveError at the first entry that does not fit; what was unpacked by then is left to the caller.
 */
export async function unpack(archive: Buffer, folder: string, limits: UnpackLimits): Promise<void> {
  let left = limits.bytes;
  const take = (bytes: number) => {
    left -= bytes;
    if (left < 0) throw new ArchiveError(`found more than ${limits.bytes} bytes in it; allowed: up to ${limits.bytes}`);
  };
  try {
    const zip = await fromBufferPromise(archive, { strictFileNames: true });
    if (zip.entryCount > limits.entries) {
      throw new ArchiveError(`found ${zip.entryCount} entries; allowed: up to ${limits.entries}`);
    }
    for await (const entry of zip.eachEntry()) {
      const path = join(folder, entry.fileName);
      if (isDirectory(entry)) {
        await mkdir(path, { recursive: true });
        continue;
      }
      await mkdir(dirname(path), { recursive: true });
      // `wx`: an entry that comes a second time is refused.
      await pipeline(await zip.openReadStreamPromise(entry), meter(take), createWriteStream(path, { flags: 'wx' }));
    }
  } catch (error) {
    throw error instanceof ArchiveError ? error : archiveError(error as NodeJS.ErrnoException);
  }
}

/** What the reader throws is about the archive; what has the name of a system call is about the disk. */
function archiveError(cause: NodeJS.ErrnoException): Error {
  if (cause.code === 'EEXIST' || cause.code === 'EISDIR' || cause.code === 'ENOTDIR') {
    return new ArchiveError('found two entries of one name; allowed: one', { cause });
  }
  return cause.syscall === undefined ? new ArchiveError(`it is no proper zip: ${cause.message}`, { cause }) : cause;
}
