import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { pyFloat } from './python-json.ts';
import { parseRecordedArrivals, pushRecordedArrivals } from './recorded-arrivals.ts';
import { appendedRoute, parseRoute, setRoute } from './routing.ts';
import { WireError } from './wire-error.ts';

describe('routes', () => {
  it('have weights as Python writes them', () => {
    const weights = [1, pyFloat(1), 1.5, 0, 2n ** 60n, 1e-5];
    const command = setRoute({ service: 's', hosts: weights.map((_, n) => `h${n}:1`), weights })[4];
    expect(command).toEqual(['RPUSH', 'routing:weights:s', '1', '1.0', '1.5', '0', '1152921504606846976', '1e-05']);
  });

  test.each([
    ['no service', { service: '' }, 'service: "" can\'t be written'],
    ['no hosts', { hosts: [], weights: [] }, 'hosts: "" can\'t be written'],
    ['too few weights', { weights: [] }, 'weights: "" can\'t be written; allowed: one for each of the 1 hosts'],
    ['a negative weight', { weights: [-1] }, 'weights: "-1" can\'t be written; allowed: finite numbers from 0'],
    ['a weight that is no number', { weights: [Number.NaN] }, 'weights: "NaN" can\'t be written'],
  ])('with %s are not written', (_, change, message) => {
    const route = { service: 's', hosts: ['h:1'], weights: [1], ...change };
    expect(() => setRoute(route)).toThrow(WireError);
    expect(() => setRoute(route)).toThrow(message);
  });

  test.each([
    ['none', [], [], undefined],
    [
      'ints and floats',
      ['a:1', 'b:1', 'c:1'],
      ['1', '1.0', '1e1'],
      { service: 's', hosts: ['a:1', 'b:1', 'c:1'], weights: [1, 1, 10] },
    ],
  ])('are read: %s', (_, hosts, weights, value) => {
    expect(parseRoute('s', hosts, weights)).toEqual({ ok: true, value });
  });

  test.each([
    ['hosts without weights', ['a:1'], [], 'found 0 weights for 1 hosts; allowed: one weight per host'],
    ['weights without hosts', [], ['1'], 'found 1 weights for 0 hosts; allowed: one weight per host'],
    ['text', ['a:1'], ['one'], 'weight "one" is not allowed; allowed: a finite number from 0'],
    ['nan', ['a:1'], ['nan'], 'weight "nan" is not allowed; allowed: a finite number from 0'],
    ['a negative', ['a:1'], ['-1'], 'weight "-1" is not allowed; allowed: a finite number from 0'],
  ])('are malformed with %s', (_, hosts, weights, reason) => {
    expect(parseRoute('s', hosts, weights)).toEqual({ ok: false, reason });
  });

  it('grow by a host, with the weights that were read as floats', () => {
    const route = appendedRoute({ service: 's', hosts: ['a:1'], weights: [1] }, 's', 'b:1', 3);
    expect(setRoute(route)[4]).toEqual(['RPUSH', 'routing:weights:s', '1.0', '3']);
  });

  it('are read back', () => {
    const host = fc.tuple(fc.string({ minLength: 1 }), fc.double({ min: 0, noDefaultInfinity: true, noNaN: true }));
    fc.assert(
      fc.property(fc.array(host, { minLength: 1 }), pairs => {
        const route = { service: 's', hosts: pairs.map(([name]) => name), weights: pairs.map(([, weight]) => weight) };
        const [hosts, weights] = setRoute(route)
          .slice(3, 5)
          .map(([, , ...values]) => values);
        expect(parseRoute('s', hosts!, weights!)).toEqual({ ok: true, value: route });
      }),
    );
  });
});

describe('recorded arrivals', () => {
  it('are played in the order in which they were pushed', () => {
    const [, , ...values] = pushRecordedArrivals('c', [0.05, 1, 1e-5]);
    expect(values).toEqual(['0.05', '1.0', '1e-05']);
    expect(parseRecordedArrivals(values.toReversed())).toEqual({ ok: true, value: [0.05, 1, 1e-5] });
  });

  it('are none, if the list is missing', () => {
    expect(parseRecordedArrivals([])).toEqual({ ok: true, value: [] });
  });

  it('are refused', () => {
    expect(parseRecordedArrivals(['0.1', 'x'])).toEqual({ ok: false, reason: 'inter-arrival time is not a number' });
    expect(() => pushRecordedArrivals('c', [])).toThrow('times: "" can\'t be written; allowed: at least one number of seconds');
    expect(() => pushRecordedArrivals('c', [1, Number.NaN])).toThrow('times: "NaN" can\'t be written');
  });
});
