import { randomInt } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { type ExperimentSpec, formatProblem, parseExperiment } from '@galileo/experiment';

/** An experiment as it was handed in, and found to be in order. */
export interface Submission {
  readonly spec: ExperimentSpec;
  /** Has the file no seed, so that one was drawn? */
  readonly seedDrawn: boolean;
  /** Text of the file as written. */
  readonly file: string;
  readonly fileName: string;
  /** Directory that commands start in. */
  readonly directory: string;
  /** Values of `${env:NAME}`. */
  readonly environment: Readonly<Record<string, string>>;
  readonly creator: string;
  /** Does it fail when nobody watches it any more? */
  readonly attached: boolean;
}

/** What was handed in can't be carried out; one sentence per problem. */
export class SubmissionError extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'SubmissionError';
    this.problems = problems;
  }
}

/** What is handed in. */
export type SubmissionRequest = Omit<Submission, 'spec' | 'seedDrawn'> & {
  /** Numbers of the files that the experiment file names. */
  readonly recordings?: Readonly<Record<string, readonly number[]>>;
  /** Contents of the other files that it names. */
  readonly files?: Readonly<Record<string, Uint8Array>>;
};

/** Finds what belongs to a file name among what was handed in: the files themselves are on the submitter's machine. */
function finder<T>(handedIn: Readonly<Record<string, T>>, what: 'numbers' | 'bytes', field: string): (fileName: string) => T {
  return fileName => {
    if (Object.hasOwn(handedIn, fileName)) return handedIn[fileName]!;
    throw new Error(`its ${what} were not handed in; allowed: a file whose ${what} are in \`${field}\``);
  };
}

/** Checks what was handed in. @throws SubmissionError */
export async function checkSubmission(request: SubmissionRequest): Promise<Submission> {
  const { recordings = {}, files = {}, ...submitted } = request;
  const fileName = request.fileName === '' ? 'experiment file' : request.fileName;
  const { file, environment } = request;
  const readRecording = finder(recordings, 'numbers', 'recordings');
  const readFile = finder(files, 'bytes', 'files');
  let seedDrawn = false;
  const randomSeed = () => {
    seedDrawn = true;
    return randomInt(2 ** 48 - 1);
  };
  const parsed = parseExperiment(file, { fileName, environment, runner: 'process', randomSeed, readRecording, readFile });
  if (!parsed.ok) throw new SubmissionError(parsed.problems.map(problem => formatProblem(fileName, problem)));
  const started = parsed.spec.services.some(service => service.external === undefined);
  const problems = [...portProblems(parsed.spec, fileName), ...(started ? await directoryProblems(request.directory) : [])];
  if (problems.length > 0) throw new SubmissionError(problems);
  return { ...submitted, spec: parsed.spec, seedDrawn };
}

/** On one machine a port serves one service. */
function portProblems({ services }: ExperimentSpec, fileName: string): string[] {
  const owners = new Map<number, string>();
  return services.flatMap(({ name, process }, index) => {
    if (process === undefined || process.port === 'auto') return [];
    const owner = owners.get(process.port);
    owners.set(process.port, owner ?? name);
    if (owner === undefined) return [];
    return [
      `${fileName}: services[${index}].process.port: found ${process.port}, which ${owner} has; allowed: another one, or auto`,
    ];
  });
}

async function directoryProblems(directory: string): Promise<string[]> {
  if (!isAbsolute(directory)) return [`directory: found ${JSON.stringify(directory)}; allowed: an absolute path`];
  const isDirectory = await stat(directory).then(
    entry => entry.isDirectory(),
    () => false,
  );
  return isDirectory ? [] : [`directory: found ${JSON.stringify(directory)}; allowed: a directory of the orchestrator's machine`];
}
