import { createWriteStream, statSync } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { ConfigError, type Logger, makeDirectory } from '@galileo/service';
import { formatTraceCsv, traceCsvHeader } from '@galileo/wire';
import { traceOf } from '../trace.ts';
import type { ClientTraces, TraceLog } from './trace-log.ts';

export interface FileTracesOptions {
  readonly directory: string;
  readonly worker: string;
  readonly log: Logger;
}

/** Rows wait so long for others, milliseconds. */
const maxWait = 250;
/** Most text that waits for the disk, characters: traces beyond it are dropped and counted. */
const maxWaiting = 64 * 1024 * 1024;

/**
 * Writes traces into a file as the original's file trace writer does. It is appended to, so that a worker that is started again
 * destroys nothing.
 * @throws ConfigError if there can be no such file
 */
export function openFileTraces({ directory, worker, log }: FileTracesOptions): TraceLog {
  // Names of workers may hold a slash.
  const path = join(directory, `traces-${worker.replaceAll('/', '_')}.csv`);
  let isNew: boolean;
  try {
    makeDirectory(directory);
    isNew = (statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0;
  } catch (error) {
    const reason = (error as Error).message;
    throw new ConfigError([`galileo_trace_dir: found ${JSON.stringify(directory)}, ${reason}; allowed: a directory to write in`]);
  }
  const file = createWriteStream(path, { flags: 'a' });
  let rows = isNew ? traceCsvHeader : '';
  let dropped = 0;
  let connected = false;
  let failed = false;
  const listeners: ((connected: boolean) => void)[] = [];
  const tell = (value: boolean) => {
    connected = value;
    for (const listener of listeners) listener(value);
  };
  const opened = new Promise<void>((resolve, reject) => file.once('open', () => resolve()).once('error', reject)).then(
    () => tell(true),
    (error: Error) => {
      const found = JSON.stringify(directory);
      throw new ConfigError([`galileo_trace_dir: found ${found}, ${error.message}; allowed: a directory to write in`]);
    },
  );
  opened.catch(() => {});
  file.on('error', error => {
    failed = true;
    log.error({ file: path, err: error }, 'traces can not be written: they are dropped from here on');
    tell(false);
  });

  const flush = () => {
    if (rows !== '' && !failed) file.write(rows);
    rows = '';
  };
  const timer = setInterval(flush, maxWait);

  const traces: ClientTraces = {
    issued() {},
    trace(request, answer) {
      if (failed || file.writableLength + rows.length > maxWaiting) dropped++;
      else rows += formatTraceCsv(traceOf(request, answer));
    },
    unrecorded() {},
  };

  return {
    openClient: () => traces,
    flush,
    ready: () => opened,
    clockEstimate: () => undefined,
    onConnection(listener) {
      listeners.push(listener);
      listener(connected);
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      flush();
      file.end();
      await finished(file).catch(() => {});
      if (dropped > 0) log.error({ file: path, traces: dropped }, 'traces were dropped: the file could not be written in time');
    },
  };
}
