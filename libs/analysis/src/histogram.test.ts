import fc from 'fast-check';
import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64 } from 'hdr-histogram-js';
import { describe, expect, it } from 'vitest';
import { createHistogram, decodeHistogram, type Histogram, HistogramError } from './histogram.ts';

const quantiles = [0, 0.001, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1];
const spans = fc.array(
  fc.oneof(
    fc.double({ min: 0, max: 0.01, noNaN: true }),
    fc.double({ min: 0, max: 60, noNaN: true }),
    fc.double({ min: 0, max: 3600, noNaN: true }),
  ),
  { minLength: 1, maxLength: 300 },
);

function histogramOf(values: readonly number[]): Histogram {
  const histogram = createHistogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

/** The least value that a share q of all values does not exceed. */
function bruteForceQuantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length - 1e-9) - 1)]!;
}

/** 0.1 %, and half a microsecond for the rounding. */
function expectClose(found: number, wanted: number): void {
  expect(Math.abs(found - wanted)).toBeLessThanOrEqual(wanted * 1.001e-3 + 0.6e-6);
}

describe('histogram', () => {
  it('agrees with sorting the values, on every quantile, and is exact on count, mean, min and max', () => {
    fc.assert(
      fc.property(spans, values => {
        const histogram = histogramOf(values);
        for (const q of quantiles) expectClose(histogram.quantile(q), bruteForceQuantile(values, q));
        expect(histogram.count).toBe(values.length);
        expect(histogram.min).toBe(Math.min(...values));
        expect(histogram.max).toBe(Math.max(...values));
        expect(histogram.mean).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / values.length, 6);
      }),
    );
  });

  it('adds up to the histogram of all values', () => {
    fc.assert(
      fc.property(spans, spans, (some, others) => {
        const sum = histogramOf(some);
        sum.add(histogramOf(others));
        const { mean, ...summary } = sum.summary();
        const { mean: wantedMean, ...wanted } = histogramOf([...some, ...others]).summary();
        expect(summary).toEqual(wanted);
        expect(mean).toBeCloseTo(wantedMean, 9);
      }),
      { numRuns: 30 },
    );
  });

  it('travels as bytes', () => {
    fc.assert(
      fc.property(spans, values => {
        const histogram = histogramOf(values);
        const decoded = decodeHistogram(histogram.encode());
        expect(decoded.count).toBe(values.length);
        for (const q of quantiles) expectClose(decoded.quantile(q), bruteForceQuantile(values, q));
        expectClose(decoded.mean, histogram.mean);
        const twice = createHistogram();
        twice.add(decoded);
        twice.add(decoded);
        expect(twice.count).toBe(2 * values.length);
      }),
      { numRuns: 30 },
    );
  });

  it('is the same as that of the package hdr-histogram-js, which reads it and whose bytes it reads', () => {
    const settings = { highestTrackableValue: 3.6e9, numberOfSignificantValueDigits: 3, autoResize: false } as const;
    fc.assert(
      fc.property(spans, values => {
        const theirs = build({ ...settings, bitBucketSize: 32, lowestDiscernibleValue: 1 });
        for (const value of values) theirs.recordValue(Math.round(value * 1e6));
        const ours = histogramOf(values);
        const bytes = Buffer.from(encodeIntoCompressedBase64(theirs), 'base64');
        for (const histogram of [ours, decodeHistogram(bytes)]) {
          const read = decodeFromCompressedBase64(Buffer.from(histogram.encode()).toString('base64'), 32, false);
          expect(read.totalCount).toBe(values.length);
          for (const q of quantiles) expect(read.getValueAtPercentile(q * 100)).toBe(theirs.getValueAtPercentile(q * 100));
          expect(read.mean).toBe(theirs.mean);
        }
        const read = decodeHistogram(bytes);
        expect(read.mean).toBeCloseTo(theirs.mean / 1e6, 9);
        expectClose(read.max, theirs.maxValue / 1e6);
      }),
    );
  });

  it('refuses damaged bytes with an error of its own, whatever they are', () => {
    const bytes = Buffer.from(histogramOf([0.001, 2, 3000]).encode());
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.nat(bytes.length), (at, byte, length) => {
        const damaged = Buffer.from(bytes.subarray(0, length));
        if (at < length) damaged[at] = byte;
        try {
          expect(decodeHistogram(damaged).count).toBeGreaterThanOrEqual(0);
        } catch (error) {
          expect(error).toBeInstanceOf(HistogramError);
        }
      }),
    );
  });

  it('answers 0 when it is empty, never NaN', () => {
    const reset = histogramOf([1, 2]);
    reset.reset();
    const zeros = { count: 0, mean: 0, p50: 0, p90: 0, p99: 0, max: 0 };
    for (const empty of [
      createHistogram(),
      reset,
      decodeHistogram(createHistogram().encode()),
      decodeHistogram(new Uint8Array()),
    ]) {
      expect(empty.summary()).toEqual(zeros);
      expect([empty.min, empty.quantile(0), empty.quantile(1)]).toEqual([0, 0, 0]);
    }
    const sum = histogramOf([2]);
    sum.add(createHistogram());
    expect(sum.summary()).toEqual({ count: 1, mean: 2, p50: 2, p90: 2, p99: 2, max: 2 });
  });

  it('counts a negative span as 0 and one above an hour as an hour', () => {
    const histogram = histogramOf([-0.5, 7200, Number.POSITIVE_INFINITY, 3600]);
    expect([histogram.count, histogram.min, histogram.max, histogram.clamped]).toEqual([4, 0, 3600, 2]);
    expect(histogram.quantile(0.25)).toBe(0);
    expect(histogram.quantile(0.5)).toBe(3600);
  });

  it('refuses what is no span, no quantile and no histogram', () => {
    const other = build({ highestTrackableValue: 1e6, autoResize: false });
    other.recordValue(5);
    expect(() => createHistogram().record(Number.NaN)).toThrow(HistogramError);
    expect(() => createHistogram().quantile(99)).toThrow('quantile 99; allowed: a number from 0 to 1');
    expect(() => decodeHistogram(new Uint8Array([1, 2, 3]))).toThrow('3 bytes are not a histogram');
    expect(() => decodeHistogram(Buffer.from(encodeIntoCompressedBase64(other), 'base64'))).toThrow('allowed: 3 digits up to');
  });
});
