import { type Command, Option } from 'commander';
import { parseAddress } from './target-options.ts';

/** Adds the options that say which recorder is meant; see `RecorderFlags`. */
export function addRecorderOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--recorder <HOST:PORT>', 'use this recorder (also galileo_recorder, galileo_token)').argParser(parseAddress),
    )
    .addOption(new Option('--local', 'use the standalone of this machine, and start one if none runs').conflicts('recorder'))
    .addOption(
      new Option('--data-dir <DIR>', 'data directory of the standalone of this machine (also galileo_data_dir)').conflicts(
        'recorder',
      ),
    );
}
