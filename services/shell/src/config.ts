import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { type ConfigOf, optionalAddress, optionalText, readConfig, secret } from '@galileo/service';

/** What the `galileo` command takes from the environment. */
export const variables = {
  orchestrator: optionalAddress('galileo_orchestrator', {
    doc: 'HOST:PORT of the orchestrator; the standalone of this machine if unset',
  }),
  token: secret('galileo_token', { doc: 'bearer token for that orchestrator' }),
  dataDir: optionalText('galileo_data_dir', {
    doc: 'data directory of the standalone of this machine; $XDG_DATA_HOME/galileo or ~/.local/share/galileo if unset',
  }),
};

/** Which orchestrator a command talks to. */
export type Target =
  | { readonly kind: 'local'; readonly dataDir: string }
  | { readonly kind: 'remote'; readonly address: string; readonly token: string | undefined };

/** The flags that every command has that talks to an orchestrator. */
export interface TargetFlags {
  readonly local?: true;
  readonly orchestrator?: string;
  readonly dataDir?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

function dataDirOf(flags: TargetFlags, config: ConfigOf<typeof variables>, env: Environment): string {
  const base = env['XDG_DATA_HOME'] || join(homedir(), '.local', 'share');
  return resolve(flags.dataDir ?? config.dataDir ?? join(base, 'galileo'));
}

/** Flags go before the environment; a flag that speaks of this machine goes before `galileo_orchestrator`. @throws ConfigError */
export function chooseTarget(flags: TargetFlags, env: Environment): Target {
  const config = readConfig(variables, env);
  const here = flags.local === true || flags.dataDir !== undefined;
  const address = flags.orchestrator ?? (here ? undefined : config.orchestrator);
  if (address !== undefined) return { kind: 'remote', address, token: config.token };
  return { kind: 'local', dataDir: dataDirOf(flags, config, env) };
}
