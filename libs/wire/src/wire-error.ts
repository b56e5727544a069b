/** A value has no representation in Galileo's line formats: written all the same, it would be read back as something else. */
export class WireError extends Error {
  /** The field that does not fit. */
  readonly field: string;
  /** What was found in it. */
  readonly value: string;
  constructor(field: string, value: string, allowed: string) {
    super(`${field}: ${JSON.stringify(value)} can't be written; allowed: ${allowed}`);
    this.name = 'WireError';
    this.field = field;
    this.value = value;
  }
}
