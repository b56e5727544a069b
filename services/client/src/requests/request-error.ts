/** A request that can't be sent; the message names the field, what was found and what is allowed. */
export class RequestError extends Error {
  constructor(field: string, found: unknown, allowed: string) {
    super(`request.${field}: found ${JSON.stringify(found)}; allowed: ${allowed}`);
    this.name = 'RequestError';
  }
}
