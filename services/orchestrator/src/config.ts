import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { busVariables } from '@galileo/bus';
import { checkStore, storeVariables } from '@galileo/expdb';
import { spoolVariables } from '@galileo/reconcile';
import { etcdVariables } from '@galileo/routing';
import {
  address,
  addresses,
  ConfigError,
  type ConfigOf,
  commonVariables,
  duration,
  optional,
  optionalText,
  readConfig,
  text,
} from '@galileo/service';

/** HOST:PORT, several by commas; unset, the services are looked for in Redis, or with bus direct on this machine. */
function members(env: string, what: string, fallback: string) {
  const unset = `if unset those that are announced in Redis, or with galileo_bus=direct ${fallback}`;
  return optional(addresses(env, { fallback: '', doc: `HOST:PORT of the ${what}; ${unset}` }));
}

/** Where members are with `galileo_bus=direct` unless told. */
export const directMembers = { clients: '127.0.0.1:50051', loadBalancers: '127.0.0.1:50053', telemds: '127.0.0.1:50052' };

/** Variables of the orchestrator. */
export const variables = {
  ...commonVariables(50050),
  dataDir: optionalText('galileo_data_dir', {
    doc: 'directory of the store and of logs; $XDG_DATA_HOME/galileo or ~/.local/share/galileo if unset',
  }),
  ...storeVariables,
  ...busVariables,
  ...spoolVariables,
  etcd: addresses('galileo_etcd', {
    fallback: '',
    doc: 'HOST:PORT of etcd, several separated by commas, for load balancers that take their weights from there; if unset weights are set over gRPC',
  }),
  ...etcdVariables,
  recorder: address('galileo_recorder', { fallback: '127.0.0.1:50054', doc: 'HOST:PORT of the recorder' }),
  clients: members('galileo_clients', 'load clients', directMembers.clients),
  loadBalancers: members('galileo_loadbalancers', 'load balancers', directMembers.loadBalancers),
  loadBalancerData: optional(
    addresses('galileo_loadbalancers_http', {
      fallback: '',
      doc: 'HOST:PORT that each of galileo_loadbalancers takes requests at, in the same order; what each of them tells if unset',
    }),
  ),
  telemds: members('galileo_telemds', 'telemetry agents', directMembers.telemds),
  fleetTimeout: duration('galileo_fleet_timeout', {
    fallback: '30s',
    doc: 'how long an experiment waits for services that it needs',
  }),
  replicaHost: text('galileo_replica_host', {
    fallback: '127.0.0.1',
    doc: 'host under which load balancers reach the replicas that are started on this machine',
  }),
};

/** Commands that start the services of a fleet that lives as long as one experiment. */
interface Programs {
  readonly loadbalancer: readonly string[];
  readonly client: readonly string[];
}

export type OrchestratorSettings = ConfigOf<typeof variables>;

/**
 * What a program that starts the orchestrator has to say; the rest is as when its variable is unset. With programs, these
 * are started for each experiment and the addresses of clients and load balancers are not used.
 */
export type OrchestratorConfig = Pick<OrchestratorSettings, 'listen' | 'token'> &
  Partial<OrchestratorSettings> & { readonly programs?: Programs };

/** Fills in what is not said. @throws ConfigError for what does not go together, and a store that does not exist yet */
export function withDefaults(config: OrchestratorConfig): OrchestratorSettings & Pick<OrchestratorConfig, 'programs'> {
  const settings = { ...readConfig(variables, {}), ...config };
  checkStore(settings);
  if (config.programs === undefined) checkBalancers(settings);
  return settings;
}

function checkBalancers(config: OrchestratorSettings): void {
  const { loadBalancerData: data } = config;
  const given = config.loadBalancers ?? (config.bus === 'direct' ? [directMembers.loadBalancers] : undefined);
  if (data === undefined || data.length === given?.length) return;
  throw new ConfigError([
    given === undefined
      ? 'galileo_loadbalancers_http: is set without galileo_loadbalancers; allowed: both, or neither'
      : `galileo_loadbalancers_http: found ${data.length} addresses; allowed: ${given.length}, as in galileo_loadbalancers`,
  ]);
}

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
  config: Pick<OrchestratorSettings, 'dataDir' | 'sqlitePath'>,
  environment: Readonly<Record<string, string | undefined>>,
): Paths {
  const data = resolve(config.dataDir ?? defaultDataDirectory(environment));
  return { data, store: resolve(config.sqlitePath ?? join(data, 'galileo.db')), logs: join(data, 'logs') };
}
