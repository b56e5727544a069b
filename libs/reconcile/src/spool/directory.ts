import { createHash } from 'node:crypto';
import { accessSync, constants, statfsSync } from 'node:fs';
import { join } from 'node:path';

/** What the choice of a directory depends on. */
export interface Surroundings {
  /** $XDG_RUNTIME_DIR. */
  readonly runtimeDirectory: string | undefined;
  /** The directory of temporary files, `os.tmpdir()`. */
  readonly temporaryDirectory: string;
  /** The user, `process.getuid()`. */
  readonly user: number | undefined;
  /** Is it a directory in memory that may be written? Unless told, the kernel is asked. */
  readonly inMemory?: (directory: string) => boolean;
}

/** TMPFS_MAGIC and RAMFS_MAGIC of linux/magic.h. */
const memoryTypes = [0x01021994, 0x858458f6];

function isInMemory(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK);
    return memoryTypes.includes(statfsSync(directory).type);
  } catch {
    return false;
  }
}

/** What a name may take of the 255 bytes that Linux allows. */
const maxName = 200;

/** Name of a directory, made of a name that may hold anything. Of a long one the end is a hash: no two names share a directory. */
export function spoolName(name: string): string {
  const encoded = encodeURIComponent(name.toWellFormed());
  if (encoded.length <= maxName) return encoded;
  const hash = createHash('sha256').update(encoded).digest('hex').slice(0, 16);
  return `${encoded.slice(0, maxName - hash.length - 1)}-${hash}`;
}

/**
 * Where the spool of this name lies unless configured: in memory, because a spool is written at the rate of all
 * records, must outlive a process and no more, and would wear out the SD card of a Pi.
 *
 * `$XDG_RUNTIME_DIR` comes first, as it is this user's own by definition (XDG Base Directory Specification). A service
 * without a session, in a container or under systemd, has none: /dev/shm is a tmpfs on every Linux (in a container usually of
 * 64 MiB). Both may be emptied when the user's last session ends (logind.conf(5), RemoveIPC=), which the spool survives.
 * Without a tmpfs it is the directory of temporary files: slower, and as good against SIGKILL. In the latter two everybody may
 * make directories, so the name holds the user and there is no level between that another user could have made.
 */
export function spoolDirectory(name: string, surroundings: Surroundings): string {
  const { runtimeDirectory, temporaryDirectory, user, inMemory = isInMemory } = surroundings;
  if (runtimeDirectory && inMemory(runtimeDirectory)) return join(runtimeDirectory, 'galileo', spoolName(name));
  const shared = `galileo-${user === undefined ? '' : `${user}-`}${spoolName(name)}`;
  return join(inMemory('/dev/shm') ? '/dev/shm' : temporaryDirectory, shared);
}
