/** Number of insertions, deletions, substitutions and swaps of neighbours between two words (optimal string alignment). */
function distance(one: string, other: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i++) {
    const row = [i];
    for (let j = 1; j <= other.length; j++) {
      const same = one[i - 1] === other[j - 1] ? 0 : 1;
      let best = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + same);
      if (i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1])
        best = Math.min(best, beforeLast[j - 2]! + 1);
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return last[other.length]!;
}

/**
 * The word that was probably meant, or nothing: at most a third of its letters may differ, upper and lower case alike, or
 * it is the only one that begins so.
 */
export function nearest(word: string, allowed: readonly string[]): string | undefined {
  const lower = word.toLowerCase();
  const ranked = allowed
    .map(candidate => ({ candidate, far: distance(lower, candidate.toLowerCase()) }))
    .filter(({ candidate, far }) => far <= Math.max(1, Math.floor(candidate.length / 3)))
    .sort((one, other) => one.far - other.far);
  if (ranked[0] !== undefined) return ranked[0].candidate;
  const beginning = word.length < 3 ? [] : allowed.filter(candidate => candidate.toLowerCase().startsWith(lower));
  return beginning.length === 1 ? beginning[0] : undefined;
}
