import { expect, test } from 'vitest';
import { bytes, cores, count, instant, latency, percent, span } from './units.ts';

test.each([
  [count(0), '0'],
  [count(1234567), '1,234,567'],
  [latency(0.0123456), '12.35 ms'],
  [latency(0.000004), '0.004 ms'],
  [latency(0.0001), '0.10 ms'],
  [latency(0), '0.00 ms'],
  [latency(1.5), '1,500.00 ms'],
  [latency(12.3456), '12.35 s'],
  [span(0.25), '250 ms'],
  [span(20), '20.0 s'],
  [span(59.96), '1 min 00 s'],
  [span(125), '2 min 05 s'],
  [span(7500), '2 h 05 min'],
  [bytes(999), '999 B'],
  [bytes(61_234_567), '61.2 MB'],
  [bytes(999_960_000), '1.0 GB'],
  [cores(0.4321), '0.43 cores'],
  [percent(0), '0.0 %'],
  [percent(0.0031), '0.31 %'],
  [percent(0.75), '75.0 %'],
  [instant(0), '-'],
])('%s', (written, expected) => {
  expect(written).toBe(expected);
});

test('what is not a number is a dash in every unit', () => {
  for (const write of [count, latency, span, bytes, cores, percent, instant]) expect(write(Number.NaN)).toBe('-');
});
