import { describe, expect, it } from 'vitest';
import { durationPattern, durationSeconds } from './duration.ts';

describe('a duration', () => {
  const written: [text: string, seconds: number][] = [
    ['60s', 60],
    ['500ms', 0.5],
    ['250us', 0.00025],
    ['1m30s', 90],
    ['1h', 3600],
    ['1.5h', 5400],
    ['2h5m1.5s', 7501.5],
    ['60', 60],
    ['0.25', 0.25],
    ['0s', 0],
  ];
  it.each(written)('%s is read', (text, seconds) => {
    expect(durationPattern.test(text)).toBe(true);
    expect(durationSeconds(text)).toBeCloseTo(seconds, 9);
  });

  it.each(['', ' ', '60 s', '-5s', '+5s', '5d', 's', '1m 30s', '1e3', '.5s', '5.s', '60S', 'NaN', 'Infinity'])(
    '%j is refused',
    text => {
      expect(durationPattern.test(text)).toBe(false);
    },
  );
});
