import { randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type ExperimentSpec, formatProblem, parseExperiment, sizeProblem } from '@galileo/experiment';
import { readRecordingFile, whyUnreadable } from './recording-file.ts';

/** An experiment file that is in order. */
export interface ExperimentFile {
  readonly fileName: string;
  readonly text: string;
  readonly spec: ExperimentSpec;
  /** Values of the variables that it names. */
  readonly environment: Record<string, string>;
  /** Numbers of the files that it names, by the name that stands there. */
  readonly recordings: Record<string, readonly number[]>;
  /** Contents of the other files that it names, by the name that stands there. */
  readonly files: Record<string, Buffer>;
  /** The file has no seed, so that each reading of it draws another one. */
  readonly seedDrawn: boolean;
}

/** The file is not in order; one line per problem. */
export class ExperimentFileError extends Error {
  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ExperimentFileError';
  }
}

/** Reads a file of a body or of rows. @throws Error with what is wrong with it, without its path */
function readNamedFile(path: string): Buffer {
  try {
    const problem = sizeProblem(statSync(path).size);
    if (problem !== undefined) throw new Error(problem);
    return readFileSync(path);
  } catch (error) {
    throw new Error(whyUnreadable(error), { cause: error });
  }
}

/** 53 random bits. */
function drawSeed(): number {
  return Number(randomBytes(8).readBigUInt64BE() >> 11n);
}

/** Reads and checks a file; with `runner` also whether that one can carry it out. @throws ExperimentFileError with all that is wrong with it. */
export async function readExperimentFile(
  fileName: string,
  environment: Readonly<Record<string, string | undefined>>,
  runner?: 'process',
): Promise<ExperimentFile> {
  let text: string;
  try {
    text = await readFile(fileName, 'utf8');
  } catch (error) {
    throw new ExperimentFileError([`${fileName}: ${whyUnreadable(error)}`]);
  }
  let seedDrawn = false;
  const randomSeed = () => {
    seedDrawn = true;
    return drawSeed();
  };
  const recordings: Record<string, readonly number[]> = {};
  const readRecording = (name: string) => {
    recordings[name] = readRecordingFile(resolve(dirname(fileName), name));
    return recordings[name];
  };
  const files: Record<string, Buffer> = {};
  const readNamed = (name: string) => {
    files[name] = readNamedFile(resolve(dirname(fileName), name));
    return files[name];
  };
  const parsed = parseExperiment(text, {
    ...{ fileName, environment, randomSeed, readRecording, readFile: readNamed },
    ...(runner === undefined ? {} : { runner }),
  });
  if (!parsed.ok) throw new ExperimentFileError(parsed.problems.map(problem => formatProblem(fileName, problem)));
  const values = parsed.environmentNames.map(name => [name, environment[name] ?? ''] as const);
  return { fileName, text, spec: parsed.spec, environment: Object.fromEntries(values), recordings, files, seedDrawn };
}
