import { randomBytes } from 'node:crypto';
import { escapeTemplate } from '@galileo/workload/template';
import { inconsistencies } from './consistency.ts';
import { problemsOf } from './issues.ts';
import { inOrder, type Problem } from './problem.ts';
import { type RecordingReader, readRecordings } from './recordings.ts';
import { findReferences, resolveReferences } from './references.ts';
import { type FileReader, readRequestFiles } from './request-files.ts';
import { mayHoldTemplates, templateProblems } from './request-templates.ts';
import { experimentSchema } from './schema.ts';
import { readSource } from './source.ts';
import { type ExperimentSpec, specOf } from './spec.ts';
import { writtenKeys } from './written-keys.ts';

export interface ParseOptions {
  /** Name of the file, for the message about an empty one. */
  readonly fileName: string;
  /** Values for `${env:NAME}`; none unless given. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Also finds what keeps this runner from carrying the experiment out. */
  readonly runner?: 'process';
  /** Reads the recorded numbers that the file names, relative to it; without it none can be had. */
  readonly readRecording?: RecordingReader;
  /** Reads the other files that the file names (bodies, rows, certificates, .proto files), relative to it; without it none can be had. */
  readonly readFile?: FileReader;
  /** Draws the seed of a file that has none: a whole number from 0 to 2^53 - 1. */
  readonly randomSeed?: () => number;
}

export type ParseResult =
  | { readonly ok: true; readonly spec: ExperimentSpec; readonly environmentNames: string[] }
  | { readonly ok: false; readonly problems: Problem[] };

const noRecordings: RecordingReader = () => {
  throw new Error('its numbers are not there; allowed: a file whose numbers are handed in with the experiment file');
};

const noFiles: FileReader = () => {
  throw new Error('its content is not there; allowed: a file whose content is handed in with the experiment file');
};

/** Values that mean themselves within a template. */
function literalValues(environment: Readonly<Record<string, string | undefined>>): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, value && escapeTemplate(value)]));
}

/** 53 random bits. */
function drawSeed(): number {
  return Number(randomBytes(8).readBigUInt64BE() >> 11n);
}

/**
 * Reads an experiment file (YAML). `${env:NAME}` in a text is replaced by the value of NAME.
 * Nothing is thrown for a bad file: all its problems are returned, in the order of the file. They show what stands in the
 * file and never a value of the environment.
 */
export function parseExperiment(text: string, options: ParseOptions): ParseResult {
  const environment = options.environment ?? {};
  const names = new Set<string>();
  const literal = literalValues(environment);
  const source = readSource(text, (value, refuse, path) => {
    const references = findReferences(value);
    for (const wrong of references.malformed) {
      refuse(`found ${JSON.stringify(wrong)}; allowed: \${env:NAME} with a NAME of letters, digits and underscores`);
    }
    for (const name of references.names) {
      names.add(name);
      if (!Object.hasOwn(environment, name) || environment[name] === undefined) {
        refuse(`found \${env:${name}}, and the environment has no ${name}; allowed: the name of a variable that is set`);
      }
    }
    return resolveReferences(value, mayHoldTemplates(path) ? literal : environment);
  });
  if (!source.readable) return { ok: false, problems: inOrder(source.problems) };
  if (source.value === null || source.value === undefined) {
    return { ok: false, problems: [source.problemAt([], `found nothing in ${options.fileName}; allowed: an experiment`)] };
  }
  const result = experimentSchema.safeParse(source.value);
  const schemaProblems = (result.error?.issues ?? []).flatMap(issue => problemsOf(source, [], issue));
  const recordings = readRecordings(source, options.readRecording ?? noRecordings);
  const files = readRequestFiles(source, options.readFile ?? noFiles);
  // What could not even be read is not measured against the schema too, nor is a file's content of interest whose name is not allowed.
  const unread = new Set(source.problems.map(problem => problem.field));
  const refused = new Set(schemaProblems.map(problem => problem.field));
  const problems = [
    ...source.problems,
    ...[
      ...schemaProblems,
      ...inconsistencies(source, options.runner),
      ...writtenKeys(source),
      ...[...recordings.problems, ...files.problems, ...templateProblems(source, files)].filter(
        problem => !refused.has(problem.field),
      ),
    ].filter(problem => !unread.has(problem.field)),
  ];
  if (!result.success || problems.length > 0) return { ok: false, problems: inOrder(problems) };
  const seed = result.data.seed ?? (options.randomSeed ?? drawSeed)();
  return { ok: true, spec: specOf(result.data, seed, recordings.numbers, files), environmentNames: [...names] };
}

/** NAMEs of all `${env:NAME}` in the values of a file, each once, in its order; none if it is no YAML. */
export function environmentNames(text: string): string[] {
  const names = new Set<string>();
  readSource(text, value => {
    for (const name of findReferences(value).names) names.add(name);
    return value;
  });
  return [...names];
}
