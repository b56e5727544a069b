import type { Distribution } from './distribution.ts';
import { notNegative } from './ranges.ts';

const turn = 2 * Math.PI;

/** Von Mises around the angle mu with concentration kappa, in [0, 2 pi); uniform when kappa is 0. */
export const vonmisesvariate: Distribution<'vonmisesvariate'> = {
  name: 'vonmisesvariate',
  parameters: ['mu', 'kappa'],
  example: [0.5, 100],
  problem: ([, kappa]) => notNegative('kappa', kappa!),
  largest: () => turn,
  /**
   * Best and Fisher, Efficient Simulation of the von Mises Distribution, Applied Statistics 28 (1979): rejection from a
   * wrapped Cauchy envelope. `r` is written so that it keeps its digits for a large kappa.
   */
  sampler([mu, kappa], random) {
    // Below this the density is flat to within a millionth, as Python has it.
    if (kappa! <= 1e-6) return () => turn * random();
    const s = 0.5 / kappa!;
    const r = s + Math.sqrt(1 + s * s);
    return () => {
      for (;;) {
        const z = Math.cos(Math.PI * random());
        const f = (1 + r * z) / (r + z);
        const c = kappa! * (r - f);
        const u = random();
        if (c * (2 - c) <= u && Math.log(c / u) + 1 < c) continue;
        const angle = Math.acos(Math.min(1, Math.max(-1, f)));
        const theta = (random() > 0.5 ? mu! + angle : mu! - angle) % turn;
        return theta < 0 ? theta + turn : theta;
      }
    };
  },
};
