import type { z } from 'zod';
import { nearest } from './nearest.ts';
import type { Path, Problem } from './problem.ts';
import { allowedForms, arrivalForms, sentence } from './schema.ts';
import type { Source } from './source.ts';

type Issue = z.core.$ZodIssue;

function suggestion(word: string, allowed: readonly string[]): string {
  const meant = nearest(word, allowed);
  return meant === undefined ? '' : `; did you mean ${JSON.stringify(meant)}?`;
}

/** `found "wieght"; did you mean "weight"? allowed: …` */
export function notAllowed(found: string, word: string | undefined, allowed: readonly string[]): string {
  const meant = word === undefined ? '' : suggestion(word, allowed);
  return `found ${found}${meant}${meant === '' ? ';' : ''} allowed: ${allowed.join(', ')}`;
}

function unknownKey(source: Source, path: Path, key: string, allowed: readonly string[]): Problem {
  const meant = suggestion(key, allowed);
  const message = `found an unknown key${meant}${meant === '' ? ';' : ''} allowed: ${allowed.join(', ')}`;
  return source.problemAtKey([...path, key], message);
}

function join(path: Path, issue: Issue): Path {
  return [...path, ...(issue.path as (string | number)[])];
}

/** What helps beside "found …; allowed: …". */
function hint(source: Source, path: Path, issue: Issue): string {
  const written = source.written(path);
  const text = source.textAt(path);
  if (path.at(-1) === 'command' && text !== undefined) return `, here [${text.trim().split(/\s+/).join(', ')}]`;
  const wantsText = issue.code === 'invalid_type' && issue.expected === 'string';
  const isScalar = text === undefined && !['a mapping', 'a list', 'nothing'].includes(written);
  return wantsText && isScalar ? `, here "${written}" in quotes` : '';
}

/** The forms of an arrival process that a mapping names. */
function namedForms(source: Source, path: Path) {
  const named = arrivalForms.filter(form => form.key !== 'requests' && source.has([...path, form.key]));
  if (named.length > 0) return named;
  const [key, ...others] = source.keys(path);
  return arrivalForms.filter(form => form.key === 'requests' && form.key === key && others.length === 0);
}

/** Tells why it is not known which form of an arrival process is meant. */
function formProblems(source: Source, path: Path): Problem[] {
  const named = namedForms(source, path);
  const known = [...new Set(arrivalForms.flatMap(form => form.keys))];
  const unknown = source.keys(path).filter(key => !known.includes(key));
  if (named.length === 0 && unknown.length > 0) return unknown.map(key => unknownKey(source, path, key, known));
  const found = named.length === 0 ? 'none of them' : named.map(form => form.key).join(' and ');
  return [source.problemAt(path, `found ${found}; allowed: ${allowedForms}`)];
}

function arrivalProblems(source: Source, path: Path, issue: Extract<Issue, { code: 'invalid_union' }>): Problem[] {
  const [form, ...others] = namedForms(source, path);
  if (form !== undefined && others.length === 0) {
    return (issue.errors[arrivalForms.indexOf(form)] ?? []).flatMap(inner => problemsOf(source, path, inner));
  }
  return source.written(path) === 'a mapping' ? formProblems(source, path) : [plainProblem(source, path, issue)];
}

function plainProblem(source: Source, path: Path, issue: Issue): Problem {
  if (!source.has(path)) return source.problemAt(path, `is missing; allowed: ${issue.message}`);
  const text = source.textAt(path);
  const words =
    issue.code === 'invalid_value'
      ? issue.values.map(String)
      : issue.code === 'invalid_union' && issue.discriminator !== undefined
        ? issue.message.split(', ')
        : [];
  const meant = text === undefined ? '' : suggestion(text, words);
  return source.problemAt(
    path,
    `found ${source.written(path)}${meant}${meant === '' ? ';' : ''} allowed: ${issue.message}${hint(source, path, issue)}`,
  );
}

/** Tells in words of the file what the schema found wrong. Values are given as they stand in the file, references unresolved. */
export function problemsOf(source: Source, base: Path, issue: Issue): Problem[] {
  const path = join(base, issue);
  switch (issue.code) {
    case 'unrecognized_keys':
      // What has a number of requests and no more fits a form of its own but for these keys, and meant another one.
      if (path.at(-1) === 'arrival' && namedForms(source, path).length === 0) return formProblems(source, path);
      return issue.keys.map(key => unknownKey(source, path, key, issue.message.split(', ')));
    case 'invalid_key':
      return [
        source.problemAtKey(path, `found the key ${JSON.stringify(path.at(-1))}; allowed: ${issue.issues[0]?.message ?? ''}`),
      ];
    case 'invalid_union':
      return path.at(-1) === 'arrival' ? arrivalProblems(source, path, issue) : [plainProblem(source, path, issue)];
    case 'custom':
      return issue.params?.['sentence'] === sentence.sentence
        ? [source.problemAt(path, issue.message)]
        : [plainProblem(source, path, issue)];
    default:
      return [plainProblem(source, path, issue)];
  }
}
