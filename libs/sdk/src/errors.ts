/** The local standalone can't be reached, started or used. The message is for a person and names what is to be changed. */
export class LocalError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'LocalError';
  }
}
