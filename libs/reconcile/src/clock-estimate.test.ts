import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createClockEstimator } from './clock-estimate.ts';

/** An exchange at own times 0, 1, … with an offset and the seconds of both ways. */
const exchange = (sent: number, offset: number, there: number, back: number) => ({
  sent,
  received: sent + there + offset,
  answered: sent + there + offset,
  arrived: sent + there + back,
});

test('the true offset lies within the uncertainty, however unequal the ways are and while the clocks drift', () => {
  const delay = fc.double({ min: 0, max: 0.2, noNaN: true });
  const exchanged = fc.record({ there: delay, back: delay, pause: fc.double({ min: 0, max: 20, noNaN: true }) });
  fc.assert(
    fc.property(
      fc.array(exchanged, { minLength: 1 }),
      fc.double({ min: -1000, max: 1000, noNaN: true }),
      fc.double({ min: -490e-6, max: 490e-6, noNaN: true }),
      (exchanges, offset, drift) => {
        const estimator = createClockEstimator();
        let now = 1_764_000_000;
        const begin = now;
        const reference = (own: number) => own + offset + drift * (own - begin);
        for (const { there, back, pause } of exchanges) {
          const sent = now;
          const received = sent + there;
          const answered = received + 0.001;
          now = answered + back;
          estimator.add({ sent, received: reference(received), answered: reference(answered), arrived: now });
          now += pause;
          const estimate = estimator.estimate(now)!;
          expect(Math.abs(estimate.offset - (reference(now) - now))).toBeLessThanOrEqual(estimate.uncertainty);
          expect(estimate).toMatchObject({ at: now, segment: 0 });
        }
      },
    ),
  );
});

test('a single exchange bounds the offset by half its delay, and by what drifts since', () => {
  const estimator = createClockEstimator();
  expect(estimator.estimate(0)).toBeUndefined();
  estimator.add(exchange(0, 10, 0.003, 0.001));
  const [at, later] = [estimator.estimate(0.004)!, estimator.estimate(10)!];
  expect(at.offset).toBeCloseTo(10.001, 5);
  expect(at.uncertainty).toBeCloseTo(0.002, 5);
  expect(later.uncertainty).toBeCloseTo(0.002 + 10 * 510e-6, 5);
  expect(estimator.estimate(121)).toBeUndefined();
});

test('of several exchanges the shortest way of each direction counts', () => {
  const estimator = createClockEstimator();
  estimator.add(exchange(0, 10, 0.001, 0.1));
  estimator.add(exchange(0.2, 10, 0.1, 0.001));
  expect(estimator.estimate(0.3)!.uncertainty).toBeCloseTo(0.001, 3);
});

test('a drift that is known lets old exchanges count for longer', () => {
  const estimator = createClockEstimator();
  const offset = (at: number) => 5 + 100e-6 * at;
  for (let at = 0; at <= 60; at += 5) estimator.add(exchange(at, offset(at), 0.0001, 0.0001));
  const later = estimator.estimate(90)!;
  expect(later.offset).toBeCloseTo(offset(90), 4);
  // With an unknown drift it would be 10 ms.
  expect(later.uncertainty).toBeLessThan(1.5e-3);
});

describe('a step begins a new segment', () => {
  const settled = () => {
    const estimator = createClockEstimator();
    for (const at of [0, 5, 10]) estimator.add(exchange(at, 7, 0.001, 0.001));
    expect(estimator.estimate(10.1)).toMatchObject({ segment: 0 });
    return estimator;
  };

  test.each([3600, 0.02, -0.02, -3600])('which shows as exchanges that contradict each other: %d s', step => {
    const estimator = settled();
    estimator.add(exchange(15, 7 + step, 0.001, 0.001));
    const estimate = estimator.estimate(15.1)!;
    expect(estimate.segment).toBe(1);
    expect(Math.abs(estimate.offset - 7 - step)).toBeLessThanOrEqual(estimate.uncertainty);
    expect(estimator.estimate(15.2)!.segment).toBe(1);
  });

  test('which is told', () => {
    const estimator = settled();
    estimator.restart();
    expect(estimator.estimate(11)).toBeUndefined();
    estimator.add(exchange(12, 7.001, 0.001, 0.001));
    expect(estimator.estimate(12.1)!.segment).toBe(1);
  });

  test('which falls into an exchange, so that it seems to end before it began', () => {
    const estimator = settled();
    estimator.add({ sent: 15, received: 22, answered: 22, arrived: 13 });
    expect(estimator.estimate(15)).toBeUndefined();
    estimator.add(exchange(16, 9, 0.001, 0.001));
    expect(estimator.estimate(16.1)!.segment).toBe(1);
  });

  test('and a drift that changes does not, although what was known of it no longer counts', () => {
    const estimator = createClockEstimator();
    for (let at = 0; at <= 60; at += 5) estimator.add(exchange(at, 0, 0.0001, 0.0001));
    for (let at = 65; at <= 70; at += 5) estimator.add(exchange(at, 300e-6 * (at - 60), 0.0001, 0.0001));
    const estimate = estimator.estimate(70.1)!;
    expect(estimate.segment).toBe(0);
    expect(Math.abs(estimate.offset - 300e-6 * 10.1)).toBeLessThanOrEqual(estimate.uncertainty);
  });
});
