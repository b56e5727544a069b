/** The identity of a trace: the client instance and its counter. */
export interface RequestId {
  readonly token: string;
  readonly counter: number;
}

/** Reads `<token>:<counter>`; undefined if the text is none or the counter is not a whole number from 1 to 2^53 - 1. */
export function parseRequestId(text: string): RequestId | undefined {
  const colon = text.lastIndexOf(':');
  if (colon < 1) return undefined;
  const digits = text.slice(colon + 1);
  const counter = Number(digits);
  if (!Number.isSafeInteger(counter) || counter < 1 || String(counter) !== digits) return undefined;
  return { token: text.slice(0, colon), counter };
}
