/** The four time stamps of an exchange, UNIX seconds: t0 and t3 by the own clock, t1 and t2 by the reference's. */
export interface Exchange {
  /** t0, the question leaves. */
  readonly sent: number;
  /** t1, the question arrives. */
  readonly received: number;
  /** t2, the answer leaves. */
  readonly answered: number;
  /** t3, the answer arrives. */
  readonly arrived: number;
}

/** How the own clock relates to the reference, seconds. */
export interface Estimate {
  /** When the estimate holds, own time, UNIX seconds. */
  readonly at: number;
  /** What must be added to the own time to get the reference's. */
  readonly offset: number;
  /** Bound of the offset's error. */
  readonly uncertainty: number;
}

export interface ClockEstimator {
  add(exchange: Exchange): void;
  /** The estimate at the own time `now`; undefined before the first exchange. */
  estimate(now: number): Estimate | undefined;
}

/** Samples are used for so long, seconds. */
const window = 60;

/** How fast two clocks may drift apart: cheap crystals keep 50 ppm each. */
const drift = 100e-6;

/**
 * Estimates the offset as NTP does (RFC 5905, section 8): offset = ((t1 - t0) + (t2 - t3)) / 2 and
 * delay = (t3 - t0) - (t2 - t1). The true offset lies within half the delay of the sample's, and the drift since t0 adds
 * to that. The sample with the smallest bound is the estimate.
 */
export function createClockEstimator(): ClockEstimator {
  let samples: { since: number; offset: number; delay: number }[] = [];
  return {
    add({ sent, received, answered, arrived }) {
      const delay = arrived - sent - (answered - received);
      // Doubles of UNIX seconds have steps of 0.24 us, so a delay can come out slightly below zero.
      samples.push({ since: sent, offset: (received - sent + (answered - arrived)) / 2, delay: Math.max(0, delay) });
    },
    estimate(now) {
      samples = samples.filter(sample => sample.since >= now - window);
      let best: Estimate | undefined;
      for (const { since, offset, delay } of samples) {
        const uncertainty = delay / 2 + drift * Math.max(0, now - since);
        if (best === undefined || uncertainty < best.uncertainty) best = { at: now, offset, uncertainty };
      }
      return best;
    },
  };
}
