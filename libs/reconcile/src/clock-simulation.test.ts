import { expect, test } from 'vitest';
import { createClockEstimator, type Exchange } from './clock-estimate.ts';

// The offset's estimate against the truth, which a simulation knows: two clocks with skew, drift and steps, a network with
// the delays of real ones, and the rounds of exchanges that clock-sync.ts makes. All times in seconds.

/** Uniform numbers in [0, 1) from a seed (mulberry32). */
function createRandom(seed: number) {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  const between = (low: number, high: number) => low + (high - low) * uniform();
  return {
    between,
    normal,
    chance: (probability: number) => uniform() < probability,
    /** As likely in each factor of ten. */
    magnitude: (low: number, high: number) => Math.exp(between(Math.log(low), Math.log(high))),
    sign: () => (uniform() < 0.5 ? -1 : 1),
    exponential: (mean: number) => -mean * Math.log(1 - uniform()),
    lognormal: (median: number, sigma: number) => median * Math.exp(sigma * normal()),
  };
}
type Random = ReturnType<typeof createRandom>;

type Direction = 'there' | 'back';

/** What happens in one case. */
interface World {
  /** Seconds that a message takes that leaves at the true time `at`. */
  way(at: number, direction: Direction): number;
  /** How much faster the own clock runs in the second from `at` on than the reference; a fraction. */
  drift(at: number): number;
  /** What the reference's clock has been stepped by until `at`. */
  stepped?(at: number): number;
  /** Seconds without a connection after a round. */
  away?(): number;
}

/** Seconds that a case lasts. */
const length = 300;

/** A crystal that is off by up to 200 ppm, wanders with chance and with the temperature. */
function crystal(random: Random): World['drift'] {
  let drift = random.sign() * random.between(0, 200e-6);
  const [amplitude, period, phase] = [random.between(0, 3e-6), random.between(900, 3600), random.between(0, 7)];
  return at => {
    drift += random.normal() * 0.05e-6;
    return drift + amplitude * Math.sin((2 * Math.PI * at) / period + phase);
  };
}

const lan = (random: Random) => {
  const base = random.between(50e-6, 150e-6);
  return () => base + random.exponential(30e-6) + (random.chance(0.02) ? random.between(0, 0.01) : 0);
};

const wireless = (random: Random) => {
  const base = random.between(0.5e-3, 2e-3);
  return () => {
    const sleeping = random.chance(0.1) ? random.between(0.02, 0.2) : 0;
    return Math.min(0.2, base + random.lognormal(2e-3, 1.2) + sleeping);
  };
};

const wide = (random: Random) => {
  const base = random.between(5e-3, 40e-3);
  return () => base + random.lognormal(1e-3, 1);
};

interface Scenario {
  readonly name: string;
  /** Nothing in it is outside of what the bounds suppose of clocks, so that they hold always. */
  readonly bounded: boolean;
  world(random: Random): World;
}

const scenarios: readonly Scenario[] = [
  { name: 'a LAN', bounded: true, world: random => ({ way: lan(random), drift: crystal(random) }) },
  { name: 'Wi-Fi with heavy tails', bounded: true, world: random => ({ way: wireless(random), drift: crystal(random) }) },
  { name: 'a wide-area network', bounded: true, world: random => ({ way: wide(random), drift: crystal(random) }) },
  {
    name: 'ways of unequal length',
    bounded: true,
    world(random) {
      const ways = { there: wide(random), back: lan(random) };
      const swapped = random.chance(0.5);
      return { way: (_, to) => ways[(to === 'there') !== swapped ? 'there' : 'back'](), drift: crystal(random) };
    },
  },
  {
    name: 'congestion in phases, one way or both',
    bounded: true,
    world(random) {
      const quiet = wireless(random);
      const phases = Array.from({ length: 3 }, () => {
        const from = random.between(0, length);
        return { from, to: from + random.between(20, 150), queue: random.between(0.01, 0.3), both: random.chance(0.3) };
      });
      const congested = (at: number, to: Direction) =>
        phases.filter(phase => at >= phase.from && at < phase.to && (phase.both || to === 'there'));
      return {
        way: (at, to) => congested(at, to).reduce((sum, { queue }) => sum + queue * random.between(0.5, 1.5), quiet()),
        drift: crystal(random),
      };
    },
  },
  {
    name: 'loss, and the connection lost for up to a minute',
    bounded: true,
    world(random) {
      const intact = random.chance(0.5) ? wireless(random) : lan(random);
      return {
        way: () => intact() + (random.chance(0.1) ? random.between(0.2, 0.4) : 0),
        drift: crystal(random),
        away: () => (random.chance(0.1) ? random.magnitude(0.1, 60) : 0),
      };
    },
  },
  {
    name: 'a process that is paused for up to 10 s',
    bounded: true,
    world(random) {
      const running = lan(random);
      return { way: () => running() + (random.chance(0.05) ? random.magnitude(1e-3, 10) : 0), drift: crystal(random) };
    },
  },
  {
    name: 'a clock that its system steers, the drift jumps by up to 400 ppm',
    bounded: false,
    world(random) {
      const own = crystal(random);
      let steered = 0;
      let until = random.between(30, 120);
      return {
        way: random.chance(0.5) ? lan(random) : wireless(random),
        drift(at) {
          if (at >= until) {
            steered = random.chance(0.3) ? 0 : random.sign() * random.magnitude(1e-6, 200e-6);
            until = at + random.between(30, 120);
          }
          return own(at) + steered;
        },
      };
    },
  },
  {
    name: 'the reference steps by 1 ms to 3 h, and nobody says so',
    bounded: false,
    world(random) {
      const steps = Array.from({ length: 2 }, () => ({
        at: random.between(0, length),
        by: random.sign() * random.magnitude(1e-3, 10_800),
      }));
      return {
        way: random.chance(0.5) ? lan(random) : wireless(random),
        drift: crystal(random),
        stepped: at => steps.reduce((sum, step) => sum + (step.at <= at ? step.by : 0), 0),
      };
    },
  },
  {
    name: 'everything at once',
    bounded: false,
    world(random) {
      const parts = scenarios.slice(0, -1).map(scenario => scenario.world(random));
      const drift = parts.at(-2)!.drift;
      const [slow, congested, steps, lossy] = [parts[2]!, parts[4]!, parts[8]!, parts[5]!];
      return {
        way: (at, to) => slow.way(at, to) + congested.way(at, to) + (random.chance(0.05) ? lossy.way(at, to) : 0),
        drift,
        stepped: steps.stepped!,
        away: lossy.away!,
      };
    },
  },
];

/** What most would do: the exchange of the last minute whose half delay, and what drifts since, are the smallest bound. */
function bestExchange(exchanges: readonly Exchange[], now: number) {
  let best = { offset: 0, uncertainty: Number.POSITIVE_INFINITY };
  for (const { sent, received, answered, arrived } of exchanges.slice(-60)) {
    if (sent < now - 60) continue;
    const delay = arrived - sent - (answered - received);
    const uncertainty = delay / 2 + 250e-6 * (now - sent);
    if (uncertainty < best.uncertainty) best = { offset: (received - sent + answered - arrived) / 2, uncertainty };
  }
  return best;
}

interface Outcome {
  readonly error: number;
  readonly uncertainty: number;
  readonly plain: { readonly error: number; readonly uncertainty: number };
}

/** Runs a case as clock-sync.ts would. */
function run(world: World, random: Random): Outcome[] {
  const epoch = 1_764_000_000;
  const skew = random.sign() * random.magnitude(1e-3, 6 * 3600);
  const ahead = [0];
  for (let second = 0; second < length + 120; second++) ahead.push(ahead[second]! + world.drift(second));
  const own = (at: number) => {
    const second = Math.floor(at);
    return epoch + skew + at + ahead[second]! + (at - second) * (ahead[second + 1]! - ahead[second]!);
  };
  const reference = (at: number) => epoch + at + (world.stepped?.(at) ?? 0);

  const estimator = createClockEstimator();
  const exchanges: Exchange[] = [];
  const outcomes: Outcome[] = [];
  const judge = (at: number) => {
    const now = own(at);
    const estimate = estimator.estimate(now);
    if (estimate === undefined) return;
    const truth = reference(at) - now;
    const plain = bestExchange(exchanges, now);
    outcomes.push({
      error: Math.abs(estimate.offset - truth),
      uncertainty: estimate.uncertainty,
      plain: { error: Math.abs(plain.offset - truth), uncertainty: plain.uncertainty },
    });
  };
  let at = random.between(0, 5);
  for (let count = 8; at < length; count = 4) {
    for (let i = 0; i < count; i++) {
      const received = at + world.way(at, 'there');
      const answered = received + random.exponential(50e-6);
      const arrived = answered + world.way(answered, 'back');
      const exchange = {
        sent: own(at),
        received: reference(received),
        answered: reference(answered),
        arrived: own(arrived),
      };
      estimator.add(exchange);
      exchanges.push(exchange);
      at = arrived + random.exponential(50e-6);
      if (at > length + 60) return outcomes;
    }
    judge(at);
    const next = at + 5 + (world.away?.() ?? 0);
    // A recording's end asks for one in between.
    if (random.chance(0.2)) judge(random.between(at, Math.min(next, length + 60)));
    at = next;
  }
  return outcomes;
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
const share = (outcomes: readonly { error: number; uncertainty: number }[]) =>
  outcomes.filter(({ error, uncertainty }) => error <= uncertainty).length / outcomes.length;

test('the true offset lies within the stated uncertainty, whatever network and clocks do', () => {
  const seed = Number(process.env['galileo_test_seed'] ?? Math.floor(Math.random() * 2 ** 31));
  const cases = Number(process.env['galileo_clock_cases'] ?? 3000);
  const us = (values: readonly number[]) => `${Math.round(median(values) * 1e6)}`.padStart(7);
  const lines = [`seed ${seed}, ${cases} cases; medians in us, in brackets by the best exchange of the last minute:`];
  for (const [index, { name, bounded, world }] of scenarios.entries()) {
    const outcomes: Outcome[] = [];
    for (let number = index; number < cases; number += scenarios.length) {
      const random = createRandom(seed + number);
      outcomes.push(...run(world(random), random));
    }
    const plain = outcomes.map(outcome => outcome.plain);
    const within = share(outcomes);
    const uncertainty = outcomes.map(outcome => outcome.uncertainty);
    lines.push(
      `${(within * 100).toFixed(2).padStart(6)} % of ${outcomes.length} within (${(share(plain) * 100).toFixed(2)} %), ` +
        `uncertainty ${us(uncertainty)} (${us(plain.map(one => one.uncertainty))}), ` +
        `error ${us(outcomes.map(one => one.error))} (${us(plain.map(one => one.error))}): ${name}`,
    );
    expect.soft(within, name).toBeGreaterThanOrEqual(bounded ? 0.99 : 0.95);
    // Wide bounds hold too: they must not be wider than those that are to be had for nothing.
    expect.soft(median(uncertainty), name).toBeLessThanOrEqual(1.05 * median(plain.map(one => one.uncertainty)));
  }
  console.log(lines.join('\n'));
});
