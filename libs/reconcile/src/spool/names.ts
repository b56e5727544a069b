import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { SpoolSystem } from './system.ts';

/*
 * Files of a spool: `<prefix>-<sequence>.segment`, `<prefix>.state`, `<prefix>.issued`, and `<prefix>.gone` while the others of
 * a producer are being removed. An id may hold any text, so the prefix is a hash of it; the files say whose they are.
 */

/** What the names of a producer's files begin with. */
export const prefixOf = (producerId: string): string => createHash('sha256').update(producerId).digest('hex').slice(0, 16);

export const segmentName = (prefix: string, sequence: number): string =>
  `${prefix}-${String(sequence).padStart(10, '0')}.segment`;
export const stateName = (prefix: string): string => `${prefix}.state`;
export const issuedName = (prefix: string): string => `${prefix}.issued`;
const goneName = (prefix: string) => `${prefix}.gone`;

/** The files of one producer. */
export interface ProducerFiles {
  readonly prefix: string;
  /** Names of its segments in their order. */
  readonly segments: string[];
  hasState: boolean;
  hasIssued: boolean;
  /** Its files are being removed. */
  gone: boolean;
  /** Names of what nobody needs. */
  readonly rest: string[];
}

/** The files of a directory by their producers; those that are no spool's are left out. */
export function filesByProducer(names: readonly string[]): ProducerFiles[] {
  const producers = new Map<string, ProducerFiles>();
  for (const name of names.toSorted()) {
    const [, prefix, ending] = /^([0-9a-f]{16})(-\d{10}\.segment|\.state|\.issued|\.gone|\.state\.new)$/.exec(name) ?? [];
    if (prefix === undefined) continue;
    let files = producers.get(prefix);
    if (files === undefined) {
      files = { prefix, segments: [], hasState: false, hasIssued: false, gone: false, rest: [] };
      producers.set(prefix, files);
    }
    if (ending === '.state') files.hasState = true;
    else if (ending === '.issued') files.hasIssued = true;
    else if (ending === '.gone') files.gone = true;
    else if (ending === '.state.new') files.rest.push(name);
    else files.segments.push(name);
  }
  return [...producers.values()];
}

/**
 * Removes all files of a producer. A mark is set before and removed last, so that what an interruption leaves can't be taken
 * for all that there was.
 */
export function removeProducer(system: SpoolSystem, directory: string, files: ProducerFiles): void {
  const gone = join(directory, goneName(files.prefix));
  const state = join(directory, stateName(files.prefix));
  if (system.status(state) !== undefined) system.rename(state, gone);
  else if (!files.gone) mark(system, gone);
  const issued = files.hasIssued ? [issuedName(files.prefix)] : [];
  for (const name of [...files.rest, ...files.segments, ...issued]) system.remove(join(directory, name));
  system.remove(gone);
}

function mark(system: SpoolSystem, path: string): void {
  try {
    system.close(system.create(path));
  } catch (error) {
    // Removing is what a full disk needs most.
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}
