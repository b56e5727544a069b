import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { type ConfigOf, commonVariables, flag, optionalText } from '@galileo/service';

/** Variables of standalone. */
export const variables = {
  ...commonVariables(0),
  dataDir: optionalText('galileo_data_dir', {
    doc: 'directory of the store and of logs, for one standalone at a time; $XDG_DATA_HOME/galileo or ~/.local/share/galileo if unset',
  }),
  detached: flag('galileo_detached', {
    fallback: 'false',
    doc: 'true: runs until SIGTERM even if stdin is a pipe that ends',
  }),
};

export type StandaloneConfig = ConfigOf<typeof variables>;

/** The data directory, absolute. */
export function dataDirectory(config: StandaloneConfig, environment: Readonly<Record<string, string | undefined>>): string {
  const base = environment['XDG_DATA_HOME'] || join(homedir(), '.local', 'share');
  return resolve(config.dataDir ?? join(base, 'galileo'));
}
