import * as v from 'valibot';

/** One environment variable: how it is called, read, defaulted and explained. */
export interface Variable<T> {
  /** Name in the environment. */
  readonly env: string;
  /** Text that is parsed when the variable is unset or empty; without it the value is `undefined`. */
  readonly fallback: string | undefined;
  /** How the default is told in help and tables where it depends on the machine: `the host name`. */
  readonly shown?: string | undefined;
  /** One line for `--help` and the README, with the unit. */
  readonly doc: string;
  /** What is allowed, completing the sentence "allowed: …". */
  readonly allowed: string;
  /** Secrets are never printed, not even in an error. */
  readonly secret: boolean;
  readonly schema: v.GenericSchema<string, T>;
}

/** The variables of a service, keyed by the property of the config that they become. */
export type Variables = Readonly<Record<string, Variable<unknown>>>;

/** The typed config that `readConfig` makes of variables. */
export type ConfigOf<V extends Variables> = { readonly [K in keyof V]: V[K] extends Variable<infer T> ? T : never };

/** The environment does not fit the variables. `problems` has one sentence per variable. */
export class ConfigError extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

interface Options {
  /** Default, as it would stand in the environment. */
  fallback: string;
  /** How the default is told where it depends on the machine. */
  shown?: string;
  doc: string;
}
type Optional = Omit<Options, 'fallback' | 'shown'>;

function variable<T>(
  env: string,
  options: { doc: string; fallback?: string; shown?: string; secret?: boolean },
  allowed: string,
  schema: v.GenericSchema<string, T>,
): Variable<T> {
  return {
    env,
    fallback: options.fallback,
    shown: options.shown,
    doc: options.doc,
    allowed,
    secret: options.secret ?? false,
    schema,
  };
}

/** Lets a variable be absent: the value is then `undefined`. */
export function optional<T>(base: Variable<T>): Variable<T | undefined> {
  return { ...base, fallback: undefined };
}

/** Any text that is not empty. */
export function text(env: string, options: Options): Variable<string> {
  return variable(env, options, 'any text', v.string());
}

/** Text that may be absent. */
export function optionalText(env: string, options: Optional): Variable<string | undefined> {
  return optional(variable(env, options, 'any text', v.string()));
}

/** A password or token; absent unless set. */
export function secret(env: string, options: Optional): Variable<string | undefined> {
  return optional(variable(env, { ...options, secret: true }, 'any text', v.string()));
}

/** A whole number within [min, max]. */
export function integer(env: string, options: Options & { min: number; max: number }): Variable<number> {
  const { min, max } = options;
  return variable(
    env,
    options,
    `a whole number from ${min} to ${max}`,
    v.pipe(v.string(), v.regex(/^-?\d+$/), v.transform(Number), v.minValue(min), v.maxValue(max)),
  );
}

/** `true` or `false`. */
export function flag(env: string, options: Options): Variable<boolean> {
  return variable(
    env,
    options,
    'true or false',
    v.pipe(
      v.string(),
      v.picklist(['true', 'false']),
      v.transform(value => value === 'true'),
    ),
  );
}

/** One of the given words. */
export function oneOf<const T extends readonly string[]>(env: string, words: T, options: Options): Variable<T[number]> {
  return variable(env, options, words.join(', '), v.pipe(v.string(), v.picklist(words))) as Variable<T[number]>;
}

const units: Readonly<Record<string, number>> = { us: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600 };

/** A span such as `500ms`, `2s`, `1m` or a plain number of seconds; the value is in seconds. */
export function duration(env: string, options: Options & { min?: number }): Variable<number> {
  const min = options.min ?? 0;
  return variable(
    env,
    options,
    `a duration such as 500ms, 2s or 1m, at least ${min} s`,
    v.pipe(
      v.string(),
      v.regex(/^\d+(\.\d+)?(us|ms|s|m|h)?$/),
      v.transform(value => {
        const unit = /[a-z]+$/.exec(value)?.[0] ?? 's';
        return Number.parseFloat(value) * units[unit]!;
      }),
      v.minValue(min),
    ),
  );
}

const sizes: Readonly<Record<string, number>> = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

/** A size such as `64MiB` or a plain number of bytes; the value is in bytes. */
export function size(env: string, options: Options & { min?: number }): Variable<number> {
  const min = options.min ?? 0;
  return variable(
    env,
    options,
    `a size such as 512KiB, 64MiB or 1GiB, at least ${min} bytes`,
    v.pipe(
      v.string(),
      v.regex(/^\d+(B|KiB|MiB|GiB)?$/),
      v.transform(value => Number.parseInt(value, 10) * sizes[/[A-Z].*$/i.exec(value)?.[0] ?? 'B']!),
      v.minValue(min),
    ),
  );
}

const addressPattern = /^(?:\[[0-9a-fA-F:]+\]|[^\s:/[\]]+):(\d{1,5})$/;
const addressSchema = v.pipe(
  v.string(),
  v.check(value => Number(addressPattern.exec(value)?.[1] ?? '99999') <= 65535),
);

/** HOST:PORT (an IPv6 host in brackets). Port 0 lets the system choose where the address is listened on. */
export function address(env: string, options: Options): Variable<string> {
  return variable(env, options, 'HOST:PORT with a port up to 65535', addressSchema);
}

/** HOST:PORT that may be absent. */
export function optionalAddress(env: string, options: Optional): Variable<string | undefined> {
  return optional(variable(env, options, 'HOST:PORT with a port up to 65535', addressSchema));
}

/** A host name or IP address (an IPv6 address with or without brackets) that may be absent. */
export function optionalHost(env: string, options: Optional): Variable<string | undefined> {
  const host = /^([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9a-fA-F:.]+\]|[0-9a-fA-F]*:[0-9a-fA-F:.]+:[0-9a-fA-F:.]*)$/;
  return optional(variable(env, options, 'a host name or an IP address, without a port', v.pipe(v.string(), v.regex(host))));
}

/** `http://HOST[:PORT][/PATH]`, or with https; the value has no slash at its end. A user with a password can't stand in it. */
export function url(env: string, options: Options): Variable<string> {
  return variable(
    env,
    options,
    'http(s)://HOST, with or without a port and a path',
    v.pipe(
      v.string(),
      v.regex(/^https?:\/\/[^\s/?#@]+(\/[^\s?#@]*)?$/),
      v.check(value => URL.canParse(value)),
      v.transform(value => value.replace(/\/+$/, '')),
    ),
  );
}

/** Comma-separated words; empty means none. */
export function list(env: string, options: Options): Variable<readonly string[]> {
  return variable(
    env,
    options,
    'words separated by commas',
    v.pipe(
      v.string(),
      v.transform(value =>
        value
          .split(',')
          .map(word => word.trim())
          .filter(Boolean),
      ),
    ),
  );
}

/** Comma-separated HOST:PORT; empty means none. */
export function addresses(env: string, options: Options): Variable<readonly string[]> {
  const base = list(env, options);
  return {
    ...base,
    allowed: 'HOST:PORT, several separated by commas',
    schema: v.pipe(base.schema, v.array(addressSchema)) as v.GenericSchema<string, readonly string[]>,
  };
}

/** An address that is given as a URL may hold a password, which ends at an `@`. */
const withoutUser = (value: string) => value.replace(/^.*@/s, '…@');

/**
 * Reads a service's config from an environment. An empty variable counts as unset.
 * @throws ConfigError with one sentence per variable that does not fit: name, value (never a secret's), what is allowed.
 */
export function readConfig<V extends Variables>(variables: V, env: Readonly<Record<string, string | undefined>>): ConfigOf<V> {
  const config: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [key, entry] of Object.entries(variables)) {
    const found = env[entry.env] || entry.fallback;
    if (found === undefined) {
      config[key] = undefined;
      continue;
    }
    const result = v.safeParse(entry.schema, found);
    if (result.success) config[key] = result.output;
    else
      problems.push(
        `${entry.env}: ${entry.secret ? 'the value' : JSON.stringify(withoutUser(found))} is not allowed; allowed: ${entry.allowed}`,
      );
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze(config) as ConfigOf<V>;
}

/** Rows of the table of variables: name, default, meaning. Used by `--help` and by the README. */
export function variableTable(variables: Variables): readonly { name: string; fallback: string; doc: string; allowed: string }[] {
  return Object.values(variables).map(entry => ({
    name: entry.env,
    fallback: entry.shown ?? entry.fallback ?? '',
    doc: entry.doc,
    allowed: entry.allowed,
  }));
}
