import { readFileSync } from 'node:fs';

/** A fixture as text. */
export const fixture = (name: string): string => readFileSync(new URL(`./fixtures/${name}`, import.meta.url), 'utf8');

/** The lines of a fixture that holds one JSON value a line. */
export const jsonLines = <T>(name: string): T[] =>
  fixture(name)
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as T);
