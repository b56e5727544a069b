import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createClockEstimator } from './clock-estimate.ts';

test('the true offset lies within the uncertainty, however unequal the ways are and while the clocks drift', () => {
  const delay = fc.double({ min: 0, max: 0.2, noNaN: true });
  const exchange = fc.record({ there: delay, back: delay, pause: fc.double({ min: 0, max: 20, noNaN: true }) });
  fc.assert(
    fc.property(
      fc.array(exchange, { minLength: 1 }),
      fc.double({ min: -1000, max: 1000, noNaN: true }),
      fc.double({ min: -90e-6, max: 90e-6, noNaN: true }),
      (exchanges, offset, drift) => {
        const estimator = createClockEstimator();
        let now = 0;
        const reference = (own: number) => own + offset + drift * own;
        for (const { there, back, pause } of exchanges) {
          const sent = now;
          const received = sent + there;
          const answered = received + 0.001;
          now = answered + back;
          estimator.add({ sent, received: reference(received), answered: reference(answered), arrived: now });
          now += pause;
          const estimate = estimator.estimate(now);
          if (estimate === undefined) continue;
          expect(Math.abs(estimate.offset - (reference(now) - now))).toBeLessThanOrEqual(estimate.uncertainty + 1e-6);
        }
      },
    ),
  );
});

test('the exchange with the shortest delay counts, until it is too old', () => {
  const estimator = createClockEstimator();
  expect(estimator.estimate(0)).toBeUndefined();
  estimator.add({ sent: 0, received: 10.001, answered: 10.001, arrived: 0.002 });
  estimator.add({ sent: 1, received: 11.4, answered: 11.4, arrived: 1.5 });
  const best = estimator.estimate(1.5)!;
  expect(best.offset).toBeCloseTo(10, 6);
  expect(best.uncertainty).toBeCloseTo(0.001 + 1.5e-4, 4);
  expect(estimator.estimate(61)!.uncertainty).toBeCloseTo(0.25 + 59.5e-4, 4);
  expect(estimator.estimate(100)).toBeUndefined();
});
