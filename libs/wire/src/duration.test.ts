import { expect, test } from 'vitest';
import { durationSeconds } from './duration.ts';

test.each([
  ['hours, minutes and seconds', '1h2m3s', 3723],
  ['the last of two with one unit', '1m2m', 120],
  ['numbers wherever they stand', 'in 5 or 2 m', 2],
  ['as much as Python holds', '86399999999999', 86_399_999_999_999],
])('reads %s', (_, text, value) => {
  expect(durationSeconds(text)).toEqual({ ok: true, value });
});

test('refuses more', () => {
  expect(durationSeconds('24000000000h')).toEqual({ ok: false, reason: 'duration is too long' });
});
