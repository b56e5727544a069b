/**
 * Sums of inter-arrival times, seconds, kept as a double and never rounded; what is not above 0 counts as 0 (Galileo's
 * client dies of it).
 * @param gap the next inter-arrival time; `undefined` at the end.
 */
export function sums(gap: () => number | undefined): () => number | undefined {
  let sum = 0;
  return () => {
    const next = gap();
    if (next === undefined) return undefined;
    if (next > 0) sum += next;
    return sum;
  };
}
