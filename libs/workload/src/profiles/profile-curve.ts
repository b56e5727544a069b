import type { ProfileArrival } from '../arrival.ts';
import { createRandom } from '../random.ts';
import { clientSeed } from '../seed.ts';
import type { Curve } from './curve.ts';
import { completeValues, findProfile } from './registry.ts';

/** A curve that is drawn gets the random numbers of a client with this index, which no experiment has. */
const curveStream = 2 ** 40;

/** The rate over time that an arrival process (one without a problem) follows with this seed. */
export function profileCurve({ name, parameters, rates }: ProfileArrival, seed: number): Curve {
  const profile = findProfile(name)!;
  const values = completeValues(profile, parameters);
  return profile.curve(values, rates, () => createRandom(values['seed'] ?? clientSeed(seed, curveStream)));
}
