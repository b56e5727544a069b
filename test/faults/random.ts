/** Numbers that a seed decides. */
export interface Draw {
  /** Uniform in [from, to). */
  between(from: number, to: number): number;
  /** A whole number, `from` to `to`, both included. */
  whole(from: number, to: number): number;
  pick<T>(values: readonly T[]): T;
}

/** Makes a source of numbers (mulberry32); equal seeds give equal numbers. */
export function createDraw(seed: number): Draw {
  let state = seed | 0;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (from: number, to: number) => from + next() * (to - from);
  const whole = (from: number, to: number) => Math.floor(between(from, to + 1));
  return { between, whole, pick: values => values[whole(0, values.length - 1)]! };
}

/** The seed that `GALILEO_SEED` names, or a new one. @throws Error if it is no whole number */
export function chosenSeed(): number {
  const text = process.env['GALILEO_SEED'];
  if (text === undefined) return Math.floor(Math.random() * 1_000_000);
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new Error(`GALILEO_SEED: found ${JSON.stringify(text)}; allowed: a whole number of at most 9 digits`);
}
