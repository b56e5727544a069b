import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  type ConfigOf,
  type Credentials,
  credentialsOf,
  credentialVariables,
  optionalAddress,
  optionalText,
  readConfig,
} from '@galileo/service';

/** Where a recorder is by default. */
const defaultRecorder = '127.0.0.1:50054';

/** What the `galileo` command takes from the environment. */
export const variables = {
  orchestrator: optionalAddress('galileo_orchestrator', {
    doc: 'HOST:PORT of the orchestrator; the standalone of this machine if unset',
  }),
  recorder: optionalAddress('galileo_recorder', {
    doc: `HOST:PORT of the recorder; if unset that of the standalone of this machine, if one runs, else ${defaultRecorder}`,
  }),
  ...credentialVariables,
  dataDir: optionalText('galileo_data_dir', {
    doc: 'data directory of the standalone of this machine; $XDG_DATA_HOME/galileo or ~/.local/share/galileo if unset',
  }),
};

/** Which orchestrator a command talks to. */
export type Target =
  | { readonly kind: 'local'; readonly dataDir: string }
  | { readonly kind: 'remote'; readonly address: string; readonly credentials: Credentials };

/** The flags that every command has that talks to an orchestrator. */
export interface TargetFlags {
  readonly local?: true;
  readonly orchestrator?: string;
  readonly dataDir?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

function dataDirOf(flags: Pick<TargetFlags, 'dataDir'>, config: ConfigOf<typeof variables>, env: Environment): string {
  const base = env['XDG_DATA_HOME'] || join(homedir(), '.local', 'share');
  return resolve(flags.dataDir ?? config.dataDir ?? join(base, 'galileo'));
}

/** Flags go before the environment; a flag that speaks of this machine goes before `galileo_orchestrator`. @throws ConfigError */
export function chooseTarget(flags: TargetFlags, env: Environment): Target {
  const config = readConfig(variables, env);
  const here = flags.local === true || flags.dataDir !== undefined;
  const address = flags.orchestrator ?? (here ? undefined : config.orchestrator);
  if (address !== undefined) return { kind: 'remote', address, credentials: credentialsOf(config) };
  return { kind: 'local', dataDir: dataDirOf(flags, config, env) };
}

/** Which recorder a command talks to; `nearest` is that of this machine's standalone if one runs, else the one at `address`. */
export type RecorderTarget =
  | Target
  | { readonly kind: 'nearest'; readonly dataDir: string; readonly address: string; credentials(): Credentials };

/** The flags that every command has that talks to a recorder. */
export interface RecorderFlags {
  readonly local?: true;
  readonly recorder?: string;
  readonly dataDir?: string;
}

/** Flags go before the environment; a flag that speaks of this machine goes before `galileo_recorder`. @throws ConfigError */
export function chooseRecorder(flags: RecorderFlags, env: Environment): RecorderTarget {
  const config = readConfig(variables, env);
  const here = flags.local === true || flags.dataDir !== undefined;
  const address = flags.recorder ?? (here ? undefined : config.recorder);
  if (address !== undefined) return { kind: 'remote', address, credentials: credentialsOf(config) };
  const dataDir = dataDirOf(flags, config, env);
  // A standalone has a token of its own, and no TLS: what is meant for others is read only when one of them is called.
  return here
    ? { kind: 'local', dataDir }
    : { kind: 'nearest', dataDir, address: defaultRecorder, credentials: () => credentialsOf(config) };
}
