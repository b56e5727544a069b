import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { address, addresses, ConfigError, type ConfigOf, commonVariables, oneOf, optionalText } from '@galileo/service';

/** Variables of the orchestrator. */
export const variables = {
  ...commonVariables(50050),
  dataDir: optionalText('galileo_data_dir', {
    doc: 'directory of the store and of logs; $XDG_DATA_HOME/galileo or ~/.local/share/galileo if unset',
  }),
  driver: oneOf('galileo_expdb_driver', ['sqlite'], { fallback: 'sqlite', doc: 'kind of the experiment store' }),
  sqlitePath: optionalText('galileo_expdb_sqlite_path', {
    doc: "file of the SQLite store, the same as the recorder's; galileo.db in galileo_data_dir if unset",
  }),
  recorder: address('galileo_recorder', { fallback: '127.0.0.1:50054', doc: 'HOST:PORT of the recorder' }),
  clients: addresses('galileo_clients', { fallback: '127.0.0.1:50051', doc: 'HOST:PORT of the load clients' }),
  loadBalancers: addresses('galileo_loadbalancers', { fallback: '127.0.0.1:50053', doc: 'HOST:PORT of the load balancers' }),
  loadBalancerData: addresses('galileo_loadbalancers_http', {
    fallback: '127.0.0.1:8080',
    doc: 'HOST:PORT that each of the load balancers takes requests at, in the same order',
  }),
  telemds: addresses('galileo_telemds', { fallback: '127.0.0.1:50052', doc: 'HOST:PORT of the telemetry agents' }),
};

/** Commands that start the services of a fleet that lives as long as one experiment. */
interface Programs {
  readonly loadbalancer: readonly string[];
  readonly client: readonly string[];
}

/** The variables' values; with programs, these are started for each experiment and the given addresses are not used. */
export type OrchestratorConfig = ConfigOf<typeof variables> & { readonly programs?: Programs };

/** Where data lie unless told: as the XDG base directory specification has it. */
function defaultDataDirectory(environment: Readonly<Record<string, string | undefined>>): string {
  return join(environment['XDG_DATA_HOME'] || join(homedir(), '.local', 'share'), 'galileo');
}

export interface Paths {
  readonly data: string;
  readonly store: string;
  readonly logs: string;
}

/** The files and directories of a config. */
export function pathsOf(
  config: Pick<OrchestratorConfig, 'dataDir' | 'sqlitePath'>,
  environment: Readonly<Record<string, string | undefined>>,
): Paths {
  const data = resolve(config.dataDir ?? defaultDataDirectory(environment));
  return { data, store: resolve(config.sqlitePath ?? join(data, 'galileo.db')), logs: join(data, 'logs') };
}

/** @throws ConfigError if the load balancers' two lists differ in length. */
export function checkFleet(config: Pick<OrchestratorConfig, 'loadBalancers' | 'loadBalancerData'>): void {
  const [control, data] = [config.loadBalancers.length, config.loadBalancerData.length];
  if (control !== data) {
    throw new ConfigError([
      `galileo_loadbalancers_http: found ${data} addresses; allowed: ${control}, as in galileo_loadbalancers`,
    ]);
  }
}
