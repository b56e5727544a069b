import { z } from 'zod';
import { durationPattern, durationSeconds } from './duration.ts';

// The kinds of values that an experiment file is made of. The `error` of each is not a sentence but what is allowed;
// issues.ts makes the sentence, with what was found as it stands in the file.

/** A mapping with exactly these keys. */
export function mapping<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const keys = Object.keys(shape).join(', ');
  return z.strictObject(shape, {
    error: issue => (issue.code === 'unrecognized_keys' ? keys : `a mapping with the keys ${keys}`),
  });
}

/** A list of at least `least` items. */
export function list<Item extends z.ZodType>(item: Item, what: string, least = 0) {
  const error = `a list of ${what}${least === 0 ? '' : ', not empty'}`;
  const array = z.array(item, { error });
  return least === 0 ? array : array.min(least, { error });
}

/** Text that fits a pattern. */
export function text(error: string, pattern: RegExp) {
  return z.string({ error }).regex(pattern, { error });
}

export const anyText = z.string({ error: 'text' });

/** Mapping from words to text. */
export function dictionary(key: z.ZodString, value: z.ZodString, error: string) {
  return z.record(key, value, { error });
}

export function whole(least: number, most: number) {
  const error = `a whole number from ${least} to ${most}`;
  return z.int({ error }).min(least, { error }).max(most, { error });
}

export function number(least: number, most: number, error: string) {
  return z.number({ error }).min(least, { error }).max(most, { error });
}

export function oneOf<const Words extends readonly [string, ...string[]]>(words: Words) {
  return z.enum(words, { error: words.join(', ') });
}

/** A timer of Node can't wait for longer than 24 days; a week is more than enough. */
const longest = 7 * 24 * 3600;

/** A span of time in seconds, or as text with units; the value is in seconds. */
export function span(least: number) {
  const bound = least === 0 ? 'not below 0' : `at least ${least >= 1e-3 ? `${least * 1e3}ms` : `${least * 1e6}us`}`;
  const error = `a duration such as 500ms, 60s, 1m30s or 1h, or a number of seconds, ${bound} and at most ${longest / 3600}h`;
  return z
    .union([number(least, longest, error), text(error, durationPattern)], { error })
    .transform(value => (typeof value === 'number' ? value : durationSeconds(value)))
    .refine(seconds => seconds >= least && seconds <= longest, { error });
}

/** Names travel in channels, client ids and paths: no white space, comma, slash or colon. */
const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,49}$/;
export const name = text(
  'a name of at most 50 letters, digits, dots, dashes and underscores, a letter or digit first',
  namePattern,
);
export const serviceReference = text('the name of one of the services', namePattern);
