import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConfigOf, flag, optionalText, size } from '@galileo/service';
import { spoolDirectory, spoolName } from './spool/directory.ts';

/** Variables of the spool, the same for every service that produces records. */
export const spoolVariables = {
  spoolDir: optionalText('galileo_spool_dir', {
    doc: 'directory under which published records are kept until they are stored; one in memory if unset ($XDG_RUNTIME_DIR or /dev/shm)',
  }),
  spoolSize: size('galileo_spool_size', {
    // Fits into the shared memory of a container, which is 64 MiB.
    fallback: '48MiB',
    min: 1024 * 1024,
    doc: 'most that is kept; beyond it the oldest records are given up, and are lost unless they have been stored',
  }),
  spoolSync: flag('galileo_spool_sync', {
    fallback: 'false',
    doc: 'whether each record is written through to the device, so that it outlives a loss of power',
  }),
};

/** Where and how a producer keeps what it has published. */
export interface SpoolSettings {
  /** Directory for one process at a time; the second on this machine takes `<directory>.2`, and so on. */
  readonly directory: string;
  /** Cap, bytes. */
  readonly maxBytes: number;
  readonly sync?: boolean;
}

/** What a spool depends on. */
export interface SpoolOwner {
  readonly service: string;
  readonly node: string;
  /** HOST:PORT of the recorder that its records are for. */
  readonly recorder: string;
}

const surroundings = () => ({
  runtimeDirectory: process.env['XDG_RUNTIME_DIR'],
  temporaryDirectory: tmpdir(),
  user: process.getuid?.(),
});

/** Directory for the spools of all services that share a directory of data, the same at each start. */
export function sharedSpoolDirectory(dataDirectory: string): string {
  const name = createHash('sha256').update(dataDirectory).digest('hex').slice(0, 16);
  return spoolDirectory(`data-${name}`, surroundings());
}

/** The spool of a service, as configured. What is left for one recorder must not be told to another, so its address counts. */
export function spoolSettings(config: ConfigOf<typeof spoolVariables>, owner: SpoolOwner): SpoolSettings {
  const name = `${owner.service}-${owner.node}`;
  const directory =
    config.spoolDir === undefined
      ? spoolDirectory(`${name}-${owner.recorder}`, surroundings())
      : join(config.spoolDir, spoolName(name));
  return { directory, maxBytes: config.spoolSize, sync: config.spoolSync };
}
