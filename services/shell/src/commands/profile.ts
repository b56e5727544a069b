import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import {
  meanRates,
  type ProcessName,
  type Profile,
  type ProfileArrival,
  type ProfileName,
  type ProfileParameter,
  processNames,
  profiles,
  recordingFormatOf,
  recordingFormats,
  type ScheduleOptions,
} from '@galileo/workload';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { App, Register } from '../app.ts';
import { arrivalGaps, arrivalRates, drawArrivals, playRecorded } from '../draw-arrivals.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { ExperimentFileError } from '../experiment-file.ts';
import { readRecordingFile } from '../recording-file.ts';
import { parseDuration } from '../recording-options.ts';
import { createPaint } from '../render/paint.ts';
import { plotSvg } from '../render/plot-svg.ts';
import { renderProfile, type ShownProfile } from '../render/profile.ts';
import { examples } from './examples.ts';

interface OutputFlags {
  readonly out?: string;
  readonly svg?: string;
  readonly json?: true;
}

interface DrawFlags extends OutputFlags {
  readonly process: ProcessName;
  readonly duration?: number;
  readonly requests?: number;
  readonly scheduleSeed: number;
  readonly rates?: readonly number[];
}

/** Buckets of the plots in files and JSON. */
const fineBuckets = 200;

// What is given on the command line. Each function throws InvalidArgumentError, which commander puts behind the option's name.

function parseRate(text: string): number {
  if (/^(?:\d+\.?\d*|\.\d+)$/.test(text) && Number(text) <= 1e6) return Number(text);
  throw new InvalidArgumentError('Allowed: a number of requests per second from 0 to 1000000.');
}

function parseWhole(text: string): number {
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  throw new InvalidArgumentError(`Allowed: a whole number from 0 to ${Number.MAX_SAFE_INTEGER}.`);
}

function parseSpan(text: string): number {
  return /^0(?:us|ms|s|m|h)?$/.test(text) ? 0 : parseDuration(text);
}

function parseFileName(text: string): string {
  try {
    recordingFormatOf(text);
    return text;
  } catch (error) {
    throw new InvalidArgumentError(`Bad file name: ${(error as Error).message}.`);
  }
}

const endings = recordingFormats.map(({ name }) => `.${name}`).join(', ');

function addOutputOptions(command: Command): Command {
  return command
    .addOption(new Option('--out <FILE>', `save the inter-arrival times, seconds (${endings})`).argParser(parseFileName))
    .option('--svg <FILE>', 'save a plot')
    .option('--json', 'print one JSON object');
}

/** Without what lies beyond the precision of a difference of integrals. */
const rounded = (rate: number) => Number(rate.toPrecision(9));

/** Makes, shows and saves what was asked for. `options` has no problem. */
function present(
  what: Pick<ShownProfile, 'title' | 'details'> & { json: object },
  options: ScheduleOptions,
  flags: OutputFlags,
  { terminal }: App,
): ExitCode {
  const drawn = drawArrivals(options);
  const duration = options.duration ?? Math.max(drawn.last, 1e-6);
  const { arrival, seed } = options;
  const ratesIn = (buckets: number) => (arrival.kind === 'profile' ? meanRates(arrival, seed, duration, buckets) : undefined);
  if (flags.out !== undefined) writeFileSync(flags.out, recordingFormatOf(flags.out).write(arrivalGaps(options)));
  if (flags.svg !== undefined) {
    const arrivals = arrivalRates(options, duration, fineBuckets);
    writeFileSync(flags.svg, plotSvg({ title: what.title, duration, rates: ratesIn(fineBuckets), arrivals }));
  }
  if (flags.json === true) {
    const { requests, hash } = drawn;
    const arrivals = arrivalRates(options, duration, fineBuckets);
    const buckets = { width: duration / fineBuckets, rates: ratesIn(fineBuckets)?.map(rounded) ?? null, arrivals };
    terminal.out(
      `${JSON.stringify({ ...what.json, duration, requests, meanRate: requests / duration, hash, buckets }, null, 2)}\n`,
    );
    return exitCodes.success;
  }
  // With few requests narrow parts would show little but chance.
  const widest = Math.max(20, Math.min(terminal.outWidth() - 12, 100));
  const buckets = Math.max(20, Math.min(widest, Math.round(drawn.requests / 5)));
  const shown = { ...what, ...drawn, duration, rates: ratesIn(buckets), arrivals: arrivalRates(options, duration, buckets) };
  terminal.out(renderProfile(shown, createPaint(terminal.outColour)));
  for (const file of [flags.out, flags.svg]) if (file !== undefined) terminal.err(`saved ${file}\n`);
  return exitCodes.success;
}

function readNumbers(file: string): number[] {
  try {
    return readRecordingFile(file);
  } catch (error) {
    throw new ExperimentFileError([`${file}: ${(error as Error).message}`]);
  }
}

/** `max_rps` -> `maxRps`, as commander calls the option `--max-rps`. The walk's seed is `--walk-seed`: `--seed` is that of the arrivals. */
const flagOf = ({ name }: ProfileParameter) => (name === 'seed' ? 'walk-seed' : name.replaceAll('_', '-'));
const attributeOf = (parameter: ProfileParameter) =>
  flagOf(parameter).replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase());

function optionOf(parameter: ProfileParameter): Option {
  const { unit, doc, fallback } = parameter;
  const [placeholder, parse] = {
    rate: ['RPS', parseRate],
    change: ['RPS', parseRate],
    span: ['SPAN', parseSpan],
    seed: ['N', parseWhole],
  }[unit] as [string, (text: string) => number];
  const option = new Option(`--${flagOf(parameter)} <${placeholder}>`, doc).argParser(parse);
  if (fallback === undefined) return option.makeOptionMandatory();
  return fallback === 'derived' ? option : option.default(fallback);
}

function drawProfile(profile: Profile<ProfileName>, rates: readonly number[], flags: DrawFlags, app: App): ExitCode {
  const values = flags as unknown as Readonly<Record<string, number | undefined>>;
  const parameters = Object.fromEntries(
    profile.parameters.flatMap(parameter => {
      const value = values[attributeOf(parameter)];
      return value === undefined ? [] : [[parameter.name, value] as const];
    }),
  );
  const { process, requests, duration, scheduleSeed: seed } = flags;
  const arrival: ProfileArrival & { requests?: number } = {
    kind: 'profile',
    name: profile.name,
    parameters,
    rates,
    process,
    ...(requests === undefined ? {} : { requests }),
  };
  const end = duration ?? (rates.length > 0 ? rates.length * parameters['interval']! : undefined);
  const details = Object.entries(parameters).map(([name, value]) => `${name} ${value}`);
  const what = {
    title: profile.name,
    details: [...details, ...(rates.length > 0 ? [`${rates.length} rates`] : []), process, `seed ${seed}`],
    json: { profile: profile.name, parameters, ...(rates.length > 0 ? { rates } : {}), process, seed },
  };
  return present(what, { arrival, seed, ...(end === undefined ? {} : { duration: end }) }, flags, app);
}

/** A command line for the help of each profile. */
const sampleFlags: Readonly<Record<ProfileName, string>> = {
  constant: 'constant --rps 25',
  ramp: 'ramp --to-rps 60 --over 2m',
  steps: 'steps --rates 10,20,40 --interval 10s',
  sine: 'sine --max-rps 50 --period 30s',
  randomwalk: 'randomwalk --max-rps 80 --sigma-rps 8 --interval 2s',
  spike: 'spike --base-rps 10 --peak-rps 200 --at 60s --length 5s',
  recorded: 'recorded rates.csv --interval 1s',
};

function registerKind(parent: Command, profile: Profile<ProfileName>, app: App, exit: (code: ExitCode) => void): void {
  const { name, doc, parameters, takesRates } = profile;
  const fromFile = name === 'recorded';
  const command = parent.command(name).description(`make arrivals of ${doc}`);
  if (fromFile) command.argument('<file>', `rates, requests per second (${endings})`);
  for (const parameter of parameters) command.addOption(optionOf(parameter));
  if (takesRates && !fromFile) {
    const rates = new Option('--rates <LIST>', 'rates, requests per second, separated by commas').makeOptionMandatory();
    command.addOption(rates.argParser(text => text.split(',').map(word => parseRate(word.trim()))));
  }
  command
    .addOption(new Option('--process <NAME>', 'how requests are drawn').choices(processNames).default('poisson'))
    .option(
      '--duration <SPAN>',
      `end after this time (60s, 5m)${takesRates ? '; at the last rate if not given' : ''}`,
      parseDuration,
    )
    .option('--requests <N>', 'end after so many requests', parseWhole)
    .addOption(new Option('--seed <N>', 'seed of the arrivals').argParser(parseWhole).default(1));
  const sample = `galileo profile ${sampleFlags[name]}`;
  addOutputOptions(command)
    .addHelpText(
      'after',
      examples(`${sample} --duration 2m --seed 1`, `${sample} --duration 2m --out gaps.pkl --svg profile.svg`),
    )
    .action((...args: unknown[]) => {
      const flags = args.at(-2) as DrawFlags & { seed: number };
      const rates = fromFile ? readNumbers(args[0] as string) : (flags.rates ?? []);
      exit(drawProfile(profile, rates, { ...flags, scheduleSeed: flags.seed }, app));
    });
}

function show(file: string, flags: OutputFlags, app: App): ExitCode {
  const gaps = readNumbers(file);
  const sorted = gaps.toSorted((one, other) => one - other);
  const middle = sorted[Math.floor((sorted.length - 1) / 2)]!;
  const details = [`gaps from ${sorted[0]} to ${sorted.at(-1)} s`, `median ${middle} s`];
  const json = { file, gaps: { least: sorted[0], median: middle, most: sorted.at(-1) } };
  return present({ title: basename(file), details, json }, playRecorded(gaps), flags, app);
}

export const registerProfile: Register = (parent, app, exit) => {
  const group = parent
    .command('profile')
    .description('make, show and save arrival processes: rates over time and recorded inter-arrival times')
    .addHelpText(
      'after',
      examples(
        'galileo profile sine --max-rps 50 --period 30s --duration 2m --seed 1',
        'galileo profile randomwalk --max-rps 80 --sigma-rps 8 --interval 2s --duration 5m --out gaps.pkl',
        'galileo profile show gaps.pkl --svg gaps.svg',
      ),
    );
  for (const profile of profiles) registerKind(group, profile, app, exit);
  addOutputOptions(group.command('show'))
    .description('show a file of inter-arrival times')
    .argument('<file>', `inter-arrival times, seconds (${endings})`)
    .addHelpText('after', examples('galileo profile show gaps.pkl', 'galileo profile show gaps.pkl --out gaps.csv'))
    .action((file: string, flags: OutputFlags) => exit(show(file, flags, app)));
};
