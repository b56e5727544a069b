// Analytic distribution functions and moments that samples are held against.

export interface Theory {
  readonly mean: number;
  readonly variance: number;
  /** Absent for a distribution that has no density. */
  readonly cdf?: (x: number) => number;
}

/** Integral of f from a to b by Simpson's rule. */
function integral(f: (x: number) => number, a: number, b: number, steps = 2000): number {
  const h = (b - a) / steps;
  let sum = f(a) + f(b);
  for (let i = 1; i < steps; i += 1) sum += f(a + i * h) * (i % 2 === 1 ? 4 : 2);
  return (sum * h) / 3;
}

/** The distribution of a density given on [a, b] up to a factor, tabulated and interpolated. */
function fromDensity(density: (x: number) => number, a: number, b: number): Theory {
  const cells = 4000;
  const width = (b - a) / cells;
  const table = [0];
  for (let i = 0; i < cells; i += 1) table.push(table[i]! + integral(density, a + i * width, a + (i + 1) * width, 2));
  const total = table[cells]!;
  const mean = integral(x => x * density(x), a, b) / total;
  return {
    mean,
    variance: integral(x => (x - mean) ** 2 * density(x), a, b) / total,
    cdf(x) {
      if (x <= a) return 0;
      if (x >= b) return 1;
      const cell = Math.floor((x - a) / width);
      const from = table[cell]!;
      return (from + ((x - a) / width - cell) * (table[cell + 1]! - from)) / total;
    },
  };
}

/** CDF of the standard normal (Marsaglia, Evaluating the Normal Distribution, 2004). */
function phi(z: number): number {
  if (Math.abs(z) > 8) return z > 0 ? 1 : 0;
  let sum = z;
  for (let term = z, i = 3; Math.abs(term) > 1e-17; i += 2) {
    term *= (z * z) / i;
    sum += term;
  }
  return 0.5 + (sum * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI);
}

const normal = ([mu, sigma]: readonly number[]): Theory => ({
  mean: mu!,
  variance: sigma! ** 2,
  cdf: x => phi((x - mu!) / sigma!),
});

/** Gamma function by Stirling's series, shifted up. */
function gammaFunction(x: number): number {
  if (x < 10) return gammaFunction(x + 1) / x;
  return Math.sqrt((2 * Math.PI) / x) * (x / Math.E) ** x * Math.exp(1 / (12 * x) - 1 / (360 * x ** 3) + 1 / (1260 * x ** 5));
}

/** Moments and CDF of a distribution with these parameters. */
export const theories: Readonly<Record<string, (parameters: readonly number[]) => Theory>> = {
  constant: ([value]) => ({ mean: value!, variance: 0 }),
  uniform: ([a, b]) => ({
    mean: (a! + b!) / 2,
    variance: (b! - a!) ** 2 / 12,
    cdf: x => Math.min(1, Math.max(0, (x - a!) / (b! - a!))),
  }),
  triangular: ([low, high, mode]) => ({
    mean: (low! + high! + mode!) / 3,
    variance: (low! ** 2 + high! ** 2 + mode! ** 2 - low! * high! - low! * mode! - high! * mode!) / 18,
    cdf(x) {
      if (x <= mode!) return (x - low!) ** 2 / ((high! - low!) * (mode! - low!));
      return 1 - (high! - x) ** 2 / ((high! - low!) * (high! - mode!));
    },
  }),
  normalvariate: normal,
  gauss: normal,
  lognormvariate: ([mu, sigma]) => ({
    mean: Math.exp(mu! + sigma! ** 2 / 2),
    variance: (Math.exp(sigma! ** 2) - 1) * Math.exp(2 * mu! + sigma! ** 2),
    cdf: x => phi((Math.log(x) - mu!) / sigma!),
  }),
  expovariate: ([lambda]) => ({ mean: 1 / lambda!, variance: 1 / lambda! ** 2, cdf: x => -Math.expm1(-lambda! * x) }),
  vonmisesvariate: ([mu, kappa]) => fromDensity(x => Math.exp(kappa! * (Math.cos(x - mu!) - 1)), 0, 2 * Math.PI),
  gammavariate([alpha, beta]) {
    const moments = { mean: alpha! * beta!, variance: alpha! * beta! ** 2 };
    const most = (alpha! + 40) * beta!;
    if (alpha! >= 1) return { ...moments, cdf: fromDensity(x => x ** (alpha! - 1) * Math.exp(-x / beta!), 0, most).cdf! };
    // The density has a pole at 0: in t = x^alpha it has none.
    const inT = fromDensity(t => Math.exp(-(t ** (1 / alpha!)) / beta!), 0, most ** alpha!);
    return { ...moments, cdf: x => inT.cdf!(x ** alpha!) };
  },
  betavariate([alpha, beta]) {
    const sum = alpha! + beta!;
    const density = (x: number) => x ** (alpha! - 1) * (1 - x) ** (beta! - 1);
    return {
      mean: alpha! / sum,
      variance: (alpha! * beta!) / (sum ** 2 * (sum + 1)),
      cdf: fromDensity(density, 0, 1).cdf!,
    };
  },
  paretovariate: ([alpha]) => ({
    mean: alpha! / (alpha! - 1),
    variance: alpha! / ((alpha! - 1) ** 2 * (alpha! - 2)),
    cdf: x => 1 - x ** -alpha!,
  }),
  weibullvariate: ([alpha, beta]) => ({
    mean: alpha! * gammaFunction(1 + 1 / beta!),
    variance: alpha! ** 2 * (gammaFunction(1 + 2 / beta!) - gammaFunction(1 + 1 / beta!) ** 2),
    cdf: x => -Math.expm1(-((x / alpha!) ** beta!)),
  }),
};

/** Largest distance between a sample's distribution function and the analytic one. */
export function kolmogorovSmirnov(sample: readonly number[], cdf: (x: number) => number): number {
  const sorted = sample.toSorted((a, b) => a - b);
  let distance = 0;
  for (const [i, x] of sorted.entries()) {
    const value = cdf(x);
    distance = Math.max(distance, (i + 1) / sorted.length - value, value - i / sorted.length);
  }
  return distance;
}

/**
 * Distance that a true sample of this size exceeds with a probability of 1e-4 only: sqrt(-ln(1e-4 / 2) / 2) / sqrt(n), from
 * the limit of Kolmogorov's distribution.
 */
export function criticalDistance(size: number): number {
  return Math.sqrt(-Math.log(1e-4 / 2) / 2 / size);
}
