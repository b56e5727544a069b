/** Something in an experiment file that can't be accepted. */
export interface Problem {
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** Path of the field, `workloads[0].arrival.distribution`; empty for the file as a whole. */
  readonly field: string;
  /** What was found and what is allowed. Values of the environment never stand here. */
  readonly message: string;
}

/** Keys of mappings and indices of lists, from the root of the file. */
export type Path = readonly (string | number)[];

/** `['workloads', 0, 'arrival']` -> `workloads[0].arrival` */
export function fieldOf(path: Path): string {
  return path.map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`)).join('');
}

/** `pi.yaml:12:5: workloads[0].arrival.distribution: found "expo"; allowed: …` */
export function formatProblem(fileName: string, problem: Problem): string {
  const field = problem.field === '' ? '' : `${problem.field}: `;
  return `${fileName}:${problem.line}:${problem.column}: ${field}${problem.message}`;
}

/** Problems in the order of the file, each once. */
export function inOrder(problems: readonly Problem[]): Problem[] {
  const unique = new Map(problems.map(problem => [formatProblem('', problem), problem]));
  return [...unique.values()].sort((one, other) => one.line - other.line || one.column - other.column);
}
