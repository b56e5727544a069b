/**
 * Sums of inter-arrival times, seconds, never rounded to microseconds; what is not above 0 counts as 0 (Galileo's client dies
 * of it). What a double loses of each addend is carried along (Kahan, Further Remarks on Reducing Truncation Errors, 1965):
 * a plain sum of a million thirds of a second is off by a microsecond.
 * @param gap the next inter-arrival time; `undefined` at the end.
 */
export function sums(gap: () => number | undefined): () => number | undefined {
  let sum = 0;
  let lost = 0;
  return () => {
    const next = gap();
    if (next === undefined) return undefined;
    if (next > 0) {
      const addend = next - lost;
      const total = sum + addend;
      lost = total - sum - addend;
      sum = total;
    }
    return sum;
  };
}
