/** The other side ended the connection before its answer was complete. */
export class ClosedError extends Error {
  constructor() {
    super('the connection was closed');
    this.name = 'ClosedError';
  }
}

/** The other side sent something that nobody asked for, or switched to another protocol. */
export class UnexpectedError extends Error {
  constructor(what: string) {
    super(what);
    this.name = 'UnexpectedError';
  }
}
