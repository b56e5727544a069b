import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { busVariables } from '@galileo/bus';
import { checkStore, storeVariables } from '@galileo/expdb';
import { type ConfigOf, commonVariables, duration, integer, optionalText, readConfig } from '@galileo/service';

/** Variables of the recorder. */
export const variables = {
  ...commonVariables(50054),
  ...busVariables,
  dataDir: optionalText('galileo_data_dir', {
    doc: 'directory of the store and of logs; $XDG_DATA_HOME/galileo or ~/.local/share/galileo if unset',
  }),
  ...storeVariables,
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

/** @throws ConfigError if the kind of store is one that does not exist yet. */
export function withDefaults(config: RecorderConfig): RecorderSettings {
  const settings = { ...readConfig(variables, {}), ...config };
  checkStore(settings);
  return settings;
}

/** The store's file: as told, or where data lie by the XDG base directory specification. */
export function storePath(
  config: Pick<RecorderSettings, 'dataDir' | 'sqlitePath'>,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const base = environment['XDG_DATA_HOME'] || join(homedir(), '.local', 'share');
  return resolve(config.sqlitePath ?? join(config.dataDir ?? join(base, 'galileo'), 'galileo.db'));
}
