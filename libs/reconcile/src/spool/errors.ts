/** A spool can't be used at all: the message names its directory and what is wrong with it. */
export class SpoolError extends Error {
  readonly directory: string;
  constructor(directory: string, problem: string, options?: ErrorOptions) {
    super(`the spool ${directory} ${problem}`, options);
    this.name = 'SpoolError';
    this.directory = directory;
  }
}

/** Another process, or another spool of this one, uses the directory. */
export class SpoolLockedError extends SpoolError {
  /** Process that has it. */
  readonly pid: number;
  constructor(directory: string, pid: number) {
    super(directory, `is used by the process ${pid}; allowed: a directory that no other producer uses`);
    this.name = 'SpoolLockedError';
    this.pid = pid;
  }
}
