import type { Logger } from '@galileo/service';
import { readAll, writeAll } from './segment.ts';
import type { SpoolSystem } from './system.ts';

/**
 * Which counters each client instance has given to requests, beside the spool's segments: of requests that are on the way
 * when a producer is killed there is no record. One slot per token, which is overwritten: `<token> <counter>` and a newline.
 */
const slotBytes = 40;
const tokenBytes = 16;

export interface IssuedCounters extends Disposable {
  /** Counters of the token up to this one may have been given. What can't be written is logged once, and not counted later. */
  note(token: string, counter: number): void;
}

export interface IssuedOptions {
  readonly system: SpoolSystem;
  readonly path: string;
  readonly log: Logger;
}

/** Makes the file when the first counter is noted. */
export function createIssuedCounters({ system, path, log }: IssuedOptions): IssuedCounters {
  const slots = new Map<string, number>();
  let fd: number | undefined;
  let failed = false;
  return {
    note(token, counter) {
      if (failed || token.length > tokenBytes) return;
      let slot = slots.get(token);
      if (slot === undefined) {
        slot = slots.size;
        slots.set(token, slot);
      }
      try {
        fd ??= system.create(path);
        const text = Buffer.from(`${token} ${counter}`.padEnd(slotBytes - 1).concat('\n'));
        writeAll(system, fd, text, slotBytes, slot * slotBytes);
      } catch (error) {
        failed = true;
        log.warn(
          { file: path, err: error },
          'requests on the way can not be noted: if the process is killed nobody knows how many',
        );
      }
    },
    [Symbol.dispose]() {
      if (fd !== undefined) system.close(fd);
      fd = undefined;
      failed = true;
    },
  };
}

/** Reads the file of a producer that has ended: per token the highest counter that may have been given. */
export function readIssuedCounters(system: SpoolSystem, path: string): Map<string, number> {
  const counters = new Map<string, number>();
  const status = system.status(path);
  if (status === undefined) return counters;
  const fd = system.open(path);
  try {
    for (const line of readAll(system, fd, status.size).toString().split('\n')) {
      const [, token, counter] = /^(\S+) (\d+) *$/.exec(line) ?? [];
      if (token !== undefined) counters.set(token, Number(counter));
    }
  } finally {
    system.close(fd);
  }
  return counters;
}
