import { optionalAddress, readConfig } from '@galileo/service';
import { type Command, InvalidArgumentError, Option } from 'commander';

const address = optionalAddress('address', { doc: '' });

export function parseAddress(value: string): string {
  try {
    return readConfig({ address }, { address: value }).address ?? value;
  } catch {
    throw new InvalidArgumentError(`Allowed: ${address.allowed}.`);
  }
}

/** Adds the options that say which orchestrator is meant; see `TargetFlags`. */
export function addTargetOptions(command: Command): Command {
  return command
    .addOption(new Option('--local', 'use the standalone of this machine; meant unless told otherwise').conflicts('orchestrator'))
    .addOption(
      new Option('--orchestrator <HOST:PORT>', 'use this orchestrator (also galileo_orchestrator, galileo_token)').argParser(
        parseAddress,
      ),
    )
    .addOption(
      new Option('--data-dir <DIR>', 'data directory of the standalone of this machine (also galileo_data_dir)').conflicts(
        'orchestrator',
      ),
    );
}
