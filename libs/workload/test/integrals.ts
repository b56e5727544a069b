// Integrals of rate profiles, written down from their definitions and not from the code under test.

/** Requests expected in the first `t` seconds of a profile that is not drawn. */
export type Integral = (t: number) => number;

const overlap = (t: number, from: number, to: number) => Math.max(0, Math.min(t, to) - from);

export const integrals = {
  constant:
    (rate: number): Integral =>
    t =>
      rate * t,
  ramp:
    (from: number, to: number, over: number): Integral =>
    t => {
      const x = Math.min(t, over);
      return from * x + ((to - from) * x * x) / (2 * over) + to * Math.max(0, t - over);
    },
  steps:
    (rates: readonly number[], interval: number): Integral =>
    t =>
      rates.reduce((sum, rate, i) => sum + rate * overlap(t, i * interval, (i + 1) * interval), 0),
  sine(max: number, min: number, period: number, phase: number): Integral {
    const frequency = (2 * Math.PI) / period;
    const from = Math.cos(frequency * phase);
    return t => ((max + min) / 2) * t + ((max - min) / 2 / frequency) * (from - Math.cos(frequency * (t + phase)));
  },
  spike:
    (base: number, peak: number, at: number, length: number): Integral =>
    t =>
      base * t + (peak - base) * overlap(t, at, at + length),
};
