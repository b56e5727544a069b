const goldenGamma = 0x9e3779b97f4a7c15n;

/** SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014): well-mixed 64-bit words. */
export function splitMix64(seed: bigint): () => bigint {
  let state = BigInt.asUintN(64, seed);
  return () => {
    state = BigInt.asUintN(64, state + goldenGamma);
    let z = state;
    z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
    z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
    return z ^ (z >> 31n);
  };
}

/**
 * Seed of the `index`-th client of an experiment (from 0, over all its workloads in the file's order).
 * The experiment's seed and the index go through SplitMix64 one after the other and the upper 53 bits are kept, so that
 * neighbours share nothing and the number is exact in a double, in JSON and in a protobuf uint64.
 * @returns whole number from 0 to 2^53 - 1.
 */
export function clientSeed(seed: number, index: number): number {
  const base = splitMix64(BigInt(seed))();
  return Number(splitMix64(base ^ BigInt(index))() >> 11n);
}
