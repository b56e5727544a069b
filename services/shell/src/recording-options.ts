import { readFileSync } from 'node:fs';
import { RecordKind } from '@galileo/proto/recorder';
import { recordKinds } from '@galileo/sdk';
import { duration, readConfig } from '@galileo/service';
import { InvalidArgumentError } from 'commander';

// What is given to `galileo record`. Each function throws InvalidArgumentError, which commander puts behind the option's name.

/** Length of NAME and CREATOR in Galileo's tables. */
const longest = 100;

/** A name that fits into the store. */
export function parseName(value: string): string {
  if (value !== '' && value.length <= longest) return value;
  throw new InvalidArgumentError(`Found ${value.length} characters; allowed: 1 to ${longest}.`);
}

/** `traces,telemetry` as kinds of records. */
export function parseKinds(value: string): RecordKind[] {
  const kinds = value
    .split(',')
    .map(word => recordKinds.find(({ name }) => name === word.trim())?.kind ?? RecordKind.UNSPECIFIED);
  if (!kinds.includes(RecordKind.UNSPECIFIED)) return [...new Set(kinds)];
  throw new InvalidArgumentError(`Allowed: some of ${recordKinds.map(({ name }) => name).join(', ')}, separated by commas.`);
}

/** Longest recording that ends by itself, seconds: timers count milliseconds in 31 bits. */
const longestDuration = 2_000_000;

const span = duration('span', { fallback: '', doc: '', min: 0.001 });

/** `60s` as seconds. */
export function parseDuration(value: string): number {
  let seconds: number | undefined;
  try {
    seconds = value === '' ? undefined : readConfig({ span }, { span: value }).span;
  } catch {
    // What is allowed is said below.
  }
  if (seconds !== undefined && seconds <= longestDuration) return seconds;
  throw new InvalidArgumentError(`Allowed: ${span.allowed}, at most ${longestDuration} s.`);
}

function readMetadataFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new InvalidArgumentError(`The file can't be read: ${(error as Error).message}.`);
  }
}

/** A JSON object, or `@FILE` with one, as JSON text. */
export function parseMetadata(value: string): string {
  const text = value.startsWith('@') ? readMetadataFile(value.slice(1)) : value;
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch (error) {
    throw new InvalidArgumentError(`It is no JSON (${(error as Error).message}); allowed: a JSON object, or @FILE with one.`);
  }
  if (typeof found === 'object' && found !== null && !Array.isArray(found)) return JSON.stringify(found);
  throw new InvalidArgumentError('Allowed: a JSON object, or @FILE with one.');
}
