import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type ExperimentSpec, formatProblem, parseExperiment } from '@galileo/experiment';

/** An experiment file that is in order. */
export interface ExperimentFile {
  readonly fileName: string;
  readonly text: string;
  readonly spec: ExperimentSpec;
  /** Values of the variables that it names. */
  readonly environment: Record<string, string>;
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

const reasons: Readonly<Record<string, string>> = { ENOENT: 'no such file', EISDIR: 'is a directory', EACCES: 'may not be read' };

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
    const { code, message } = error as NodeJS.ErrnoException;
    throw new ExperimentFileError([`${fileName}: ${reasons[code ?? ''] ?? message}`]);
  }
  let seedDrawn = false;
  const randomSeed = () => {
    seedDrawn = true;
    return drawSeed();
  };
  const parsed = parseExperiment(text, { fileName, environment, randomSeed, ...(runner === undefined ? {} : { runner }) });
  if (!parsed.ok) throw new ExperimentFileError(parsed.problems.map(problem => formatProblem(fileName, problem)));
  const values = parsed.environmentNames.map(name => [name, environment[name] ?? ''] as const);
  return { fileName, text, spec: parsed.spec, environment: Object.fromEntries(values), seedDrawn };
}
