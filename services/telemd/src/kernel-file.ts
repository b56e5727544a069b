import { closeSync, openSync, readSync } from 'node:fs';

/** A buffer that many kernel files are read into, one after the other. It grows to the largest of them. */
export interface Scratch {
  bytes: Buffer;
}

export function createScratch(): Scratch {
  return { bytes: Buffer.allocUnsafeSlow(16 * 1024) };
}

/**
 * A file below /proc or /sys that stays open: reading it again from its beginning makes the kernel produce its content
 * anew, without the path walk and the allocations of an open. The reads are synchronous because these files come from
 * memory; a source that may block (a program, a device) is read asynchronously by its instrument, not with this.
 */
export interface KernelFile extends Disposable {
  readonly path: string;
  /** The content now: a view into the scratch buffer, good until something else is read into it. */
  read(): Uint8Array;
}

/** No kernel file that is read here comes near this; a pseudo file without an end would otherwise take all the memory. */
const limit = 16 * 1024 * 1024;

/** @throws Error of the system (ENOENT, EACCES, …) with the path in its message */
export function openKernelFile(path: string, scratch: Scratch): KernelFile {
  const fd = openSync(path, 'r');
  let open = true;
  return {
    path,
    read() {
      let length = 0;
      // A file of many records gives about a page per call, so that only an empty read tells the end.
      for (;;) {
        if (length === scratch.bytes.length) {
          if (length >= limit) throw new Error(`${path} has more than ${limit} bytes`);
          scratch.bytes = Buffer.concat([scratch.bytes], scratch.bytes.length * 2);
        }
        const count = readSync(fd, scratch.bytes, length, scratch.bytes.length - length, length);
        if (count === 0) return scratch.bytes.subarray(0, length);
        length += count;
      }
    },
    [Symbol.dispose]() {
      if (open) closeSync(fd);
      open = false;
    },
  };
}
