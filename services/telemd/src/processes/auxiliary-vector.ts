import { readFileSync } from 'node:fs';
import { endianness } from 'node:os';

/** Units in which the kernel counts for a process. */
export interface KernelUnits {
  /** Bytes of a page; 4 KiB on most machines, 16 KiB on a Raspberry Pi 5. */
  readonly page: number;
  /** Clock ticks a second in /proc/<pid>/stat; 100 nearly everywhere. */
  readonly ticks: number;
}

const common: KernelUnits = { page: 4096, ticks: 100 };

/** Keys of getauxval(3). */
const pageKey = 6n;
const ticksKey = 17n;

/** Parses /proc/<pid>/auxv: pairs of native words, key and value. What it lacks is as on most machines. */
export function parseAuxiliaryVector(bytes: Buffer, wordSize: 4 | 8, littleEndian: boolean): KernelUnits {
  const word = (at: number) => {
    if (wordSize === 4) return BigInt(littleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
    return littleEndian ? bytes.readBigUInt64LE(at) : bytes.readBigUInt64BE(at);
  };
  const found = new Map<bigint, number>();
  for (let at = 0; at + 2 * wordSize <= bytes.length; at += 2 * wordSize) found.set(word(at), Number(word(at + wordSize)));
  return { page: found.get(pageKey) || common.page, ticks: found.get(ticksKey) || common.ticks };
}

/**
 * This machine's units: no other file tells them, and Node has no sysconf(3). Read from the running process, whose
 * words are those of its own program (32 bits on a 64-bit kernel included). Where there is no such file, the common ones.
 */
export function readKernelUnits(procRoot: string, arch: NodeJS.Architecture): KernelUnits {
  let bytes: Buffer;
  try {
    bytes = readFileSync(`${procRoot}/self/auxv`);
  } catch {
    return common;
  }
  return parseAuxiliaryVector(bytes, ['arm', 'ia32', 'mipsel'].includes(arch) ? 4 : 8, endianness() === 'LE');
}
