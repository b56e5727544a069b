/** A client that gets no request any more; the message is what its status says. */
export class SourceError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SourceError';
  }
}

/** A request that can't be made, though others may. */
export class MissedRequest extends Error {
  /** Kind of error in its trace. */
  readonly kind: string;
  constructor(kind: string, message: string) {
    super(message);
    this.name = 'MissedRequest';
    this.kind = kind;
  }
}
