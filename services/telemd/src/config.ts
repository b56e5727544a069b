import { hostname } from 'node:os';
import { busVariables, type RedisSettings, redisSettings } from '@galileo/bus';
import { spoolVariables } from '@galileo/reconcile';
import {
  address,
  ConfigError,
  type ConfigOf,
  commonVariables,
  duration,
  integer,
  optional,
  optionalText,
  readConfig,
  secret,
  text,
  type Variable,
} from '@galileo/service';
import * as v from 'valibot';
import { type ConfiguredInstrument, leastPeriod } from './agent.ts';
import { type InstrumentName, instrumentNames, instruments } from './instruments/registry.ts';

const words = (value: string) => value.split(/[\s,]+/).filter(Boolean);

/** Names that may be absent, which means all (or a default rule). */
function names(env: string, doc: string, allowed: string): Variable<readonly string[] | undefined> {
  return { env, fallback: undefined, doc, allowed, secret: false, schema: v.pipe(v.string(), v.transform(words)) };
}

function instrumentList(env: string, doc: string): Variable<readonly InstrumentName[] | undefined> {
  const allowed = `names separated by spaces or commas, of: ${instrumentNames.join(', ')}`;
  const base = names(env, doc, allowed);
  const schema = v.pipe(base.schema, v.array(v.picklist(instrumentNames)));
  return { ...base, schema: schema as v.GenericSchema<string, readonly InstrumentName[]> };
}

/** A node's name is an element of its channels. */
const nodeName: Variable<string | undefined> = {
  env: 'telemd_nodename',
  fallback: undefined,
  doc: 'name of this node in its samples; its host name if unset',
  allowed: 'text without white space and without "/"',
  secret: false,
  schema: v.pipe(v.string(), v.regex(/^[^\s/]+$/)),
};

type PeriodVariables = { readonly [N in InstrumentName as `period_${N}`]: Variable<number> };

const periodVariables = Object.fromEntries(
  instruments.map(({ name, period, doc }) => [
    `period_${name}`,
    duration(`telemd_period_${name}`, {
      fallback: period,
      min: leastPeriod,
      doc: `time between two readings of ${name} (${doc})`,
    }),
  ]),
) as PeriodVariables;

/** Variables of telemd. */
export const variables = {
  ...commonVariables(50052),
  ...busVariables,
  ...spoolVariables,
  ownRedisHost: optionalText('telemd_redis_host', { doc: 'host of Redis; wins over galileo_redis_host' }),
  ownRedisPort: optional(
    integer('telemd_redis_port', { fallback: '', min: 1, max: 65_535, doc: 'port of Redis; wins over galileo_redis_port' }),
  ),
  ownRedisUrl: secret('telemd_redis_url', {
    doc: 'redis://[[USER]:PASSWORD@]HOST[:PORT], or rediss:// for an encrypted connection; wins over all other variables of Redis',
  }),
  recorder: address('galileo_recorder', { fallback: '127.0.0.1:50054', doc: 'HOST:PORT of the recorder that samples go to' }),
  nodename: nodeName,
  instrumentsEnable: instrumentList('telemd_instruments_enable', 'the only instruments that run; all if unset'),
  instrumentsDisable: instrumentList('telemd_instruments_disable', 'instruments that do not run, even if enabled'),
  netDevices: names(
    'telemd_net_devices',
    'network devices that are reported; if unset the physical ones, or all but lo where none is',
    'names separated by spaces or commas',
  ),
  diskDevices: names(
    'telemd_disk_devices',
    'block devices that are reported; if unset the physical disks, or all but loop, ram and zram where none is',
    'names separated by spaces or commas',
  ),
  procMount: text('telemd_proc_mount', { fallback: '/proc', doc: 'where the /proc to be read is mounted' }),
  sysMount: text('telemd_sys_mount', { fallback: '/sys', doc: 'where the /sys to be read is mounted' }),
  ...periodVariables,
};

/** All that can be configured. */
export type TelemdSettings = ConfigOf<typeof variables>;

/** What a program that starts the agent has to say; the rest is as when its variable is unset. */
export type TelemdConfig = Pick<TelemdSettings, 'listen' | 'token' | 'recorder' | 'bus'> & Partial<TelemdSettings>;

export function withDefaults(config: TelemdConfig): TelemdSettings {
  return { ...readConfig(variables, {}), ...config };
}

/** The node's name. @throws ConfigError if it is left to a host name that can't serve */
export function nodeOf(config: Pick<TelemdSettings, 'nodename'>): string {
  const name = config.nodename ?? hostname();
  if (v.is(nodeName.schema, name)) return name;
  throw new ConfigError([`telemd_nodename: the host name ${JSON.stringify(name)} is not allowed; allowed: ${nodeName.allowed}`]);
}

/** Where Redis is. The variables of the original telemd win over those that all services have. @throws ConfigError */
export function redisOf(config: TelemdSettings): RedisSettings {
  const { ownRedisHost: redisHost = config.redisHost, ownRedisPort: redisPort = config.redisPort } = config;
  const common = { ...config, redisHost, redisPort };
  if (config.ownRedisUrl === undefined) return redisSettings(common);
  const { host, port, username, password, tls } = readRedisUrl(config.ownRedisUrl);
  const redisTlsCa = tls ? config.redisTlsCa : undefined;
  return redisSettings({
    ...common,
    ...{ redisHost: host, redisPort: port, redisUsername: username, redisPassword: password, redisTls: tls, redisTlsCa },
  });
}

/** The value is never repeated, since it may hold a password. */
function readRedisUrl(value: string) {
  const wrong = new ConfigError([
    `${variables.ownRedisUrl.env}: the value is not allowed; allowed: redis://[[USER]:PASSWORD@]HOST[:PORT] or rediss://…`,
  ]);
  if (!URL.canParse(value)) throw wrong;
  const { protocol, hostname: host, port, username, password, pathname, search, hash } = new URL(value);
  // Publishing knows no databases, so only the first one, which is the default, can be meant.
  if (!/^rediss?:$/.test(protocol) || host === '' || !/^(\/0?)?$/.test(pathname) || search + hash !== '') throw wrong;
  const decode = (text: string) => {
    try {
      return decodeURIComponent(text) || undefined;
    } catch {
      throw wrong;
    }
  };
  const portNumber = Number(port || 6379);
  if (portNumber === 0) throw wrong;
  return { host, port: portNumber, username: decode(username), password: decode(password), tls: protocol === 'rediss:' };
}

/** All instruments as the config has them. */
export function configuredInstruments(config: TelemdSettings): readonly ConfiguredInstrument[] {
  const { instrumentsEnable = instrumentNames, instrumentsDisable = [] } = config;
  return instruments.map(definition => ({
    definition,
    switchedOn: instrumentsEnable.includes(definition.name) && !instrumentsDisable.includes(definition.name),
    period: config[`period_${definition.name}`],
  }));
}
