import { hostname } from 'node:os';
import {
  address,
  ConfigError,
  type ConfigOf,
  commonVariables,
  duration,
  readConfig,
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
export type TelemdConfig = Pick<TelemdSettings, 'listen' | 'token' | 'recorder'> & Partial<TelemdSettings>;

export function withDefaults(config: TelemdConfig): TelemdSettings {
  return { ...readConfig(variables, {}), ...config };
}

/** The node's name. @throws ConfigError if it is left to a host name that can't serve */
export function nodeOf(config: Pick<TelemdSettings, 'nodename'>): string {
  const name = config.nodename ?? hostname();
  if (v.is(nodeName.schema, name)) return name;
  throw new ConfigError([`telemd_nodename: the host name ${JSON.stringify(name)} is not allowed; allowed: ${nodeName.allowed}`]);
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
