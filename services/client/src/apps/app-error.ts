/** What keeps an app from being used: there is none of this name, it does not fit, or where it might be can't be reached. */
export type AppProblem = 'unknown' | 'broken' | 'unreachable';

/** An app that can't be had; the message names it, what was found and what is allowed. */
export class AppError extends Error {
  readonly problem: AppProblem;
  constructor(problem: AppProblem, name: string, message: string, options?: ErrorOptions) {
    super(`app ${JSON.stringify(name)}: ${message}`, options);
    this.name = 'AppError';
    this.problem = problem;
  }
}
