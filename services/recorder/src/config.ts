import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { type ConfigOf, commonVariables, duration, integer, oneOf, optionalText, readConfig } from '@galileo/service';

/** Variables of the recorder. */
export const variables = {
  ...commonVariables(50054),
  dataDir: optionalText('galileo_data_dir', {
    doc: 'directory of the store and of logs; $XDG_DATA_HOME/galileo or ~/.local/share/galileo if unset',
  }),
  driver: oneOf('galileo_expdb_driver', ['sqlite'], { fallback: 'sqlite', doc: 'kind of the experiment store' }),
  sqlitePath: optionalText('galileo_expdb_sqlite_path', {
    doc: 'file of the SQLite store; galileo.db in galileo_data_dir if unset',
  }),
  batchSize: integer('galileo_recorder_batch_size', {
    fallback: '1000',
    min: 1,
    max: 100_000,
    doc: 'rows that are committed together at the latest',
  }),
  batchInterval: duration('galileo_recorder_batch_interval', {
    fallback: '250ms',
    min: 0.001,
    doc: 'time after which rows are committed at the latest',
  }),
};

type RecorderSettings = ConfigOf<typeof variables>;

/** What a program that starts the recorder has to say; the rest is as when its variable is unset. */
export type RecorderConfig = Pick<RecorderSettings, 'listen' | 'token'> & Partial<RecorderSettings>;

export function withDefaults(config: RecorderConfig): RecorderSettings {
  return { ...readConfig(variables, {}), ...config };
}

/** The store's file: as told, or where data lie by the XDG base directory specification. */
export function storePath(
  config: Pick<RecorderSettings, 'dataDir' | 'sqlitePath'>,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const base = environment['XDG_DATA_HOME'] || join(homedir(), '.local', 'share');
  return resolve(config.sqlitePath ?? join(config.dataDir ?? join(base, 'galileo'), 'galileo.db'));
}
