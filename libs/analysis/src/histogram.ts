import type { LatencySummary } from '@galileo/proto/orchestrator';
import { createHdrCounts, decodeHdrCounts, type HdrCounts, highest as highestCount } from './hdr-counts.ts';

const microseconds = 1e6;
/** Largest span that is told apart, seconds. */
const highest = highestCount / microseconds;

/** The bytes are no histogram of this kind. */
export class HistogramError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'HistogramError';
  }
}

/**
 * Spans in seconds, kept in an HDR histogram (Gil Tene's High Dynamic Range histogram) of whole microseconds up to one
 * hour with three significant digits: a quantile is wrong by 0.1 % or 1 us at most. Beside it count, mean, min and max
 * are exact, until the histogram is encoded. An empty histogram answers 0 to everything.
 */
class Histogram {
  readonly #hdr: HdrCounts;
  #sum = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = 0;
  #clamped = 0;

  constructor(hdr: HdrCounts) {
    this.#hdr = hdr;
    if (hdr.total === 0) return;
    this.#sum = (hdr.mean() * hdr.total) / microseconds;
    this.#min = hdr.bucketAt(0).lowest / microseconds;
    this.#max = hdr.bucketAt(1).largest / microseconds;
  }

  /**
   * Counts one span. A negative one (two clock readings in the wrong order) counts as 0, one above an hour as an hour.
   * @throws HistogramError for NaN.
   */
  record(seconds: number): void {
    if (Number.isNaN(seconds)) throw new HistogramError('a span is NaN; allowed: any number of seconds');
    if (seconds > highest) this.#clamped++;
    const value = Math.min(Math.max(seconds, 0), highest);
    this.#hdr.add(Math.round(value * microseconds));
    this.#sum += value;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
  }

  /** Counts all spans of another histogram. */
  add(other: Histogram): void {
    if (other.count === 0) return;
    this.#hdr.addAll(other.#hdr);
    this.#sum += other.#sum;
    this.#min = Math.min(this.#min, other.#min);
    this.#max = Math.max(this.#max, other.#max);
    this.#clamped += other.#clamped;
  }

  /**
   * The least span, seconds, that a share `q` (0..1) of all spans does not exceed.
   * @throws HistogramError if `q` is no number from 0 to 1.
   */
  quantile(q: number): number {
    if (!(q >= 0 && q <= 1)) throw new HistogramError(`quantile ${q}; allowed: a number from 0 to 1`);
    if (this.count === 0) return 0;
    if (q === 1) return this.#max;
    const { lowest, largest } = this.#hdr.bucketAt(q);
    const value = (q === 0 ? lowest : largest) / microseconds;
    return Math.min(Math.max(value, this.#min), this.#max);
  }

  get count(): number {
    return this.#hdr.total;
  }

  /** Seconds. */
  get mean(): number {
    return this.count === 0 ? 0 : this.#sum / this.count;
  }

  /** Seconds. */
  get min(): number {
    return this.count === 0 ? 0 : this.#min;
  }

  /** Seconds. */
  get max(): number {
    return this.#max;
  }

  /** How many spans exceeded an hour and were counted as an hour; not kept by `encode`. */
  get clamped(): number {
    return this.#clamped;
  }

  reset(): void {
    this.#hdr.reset();
    this.#sum = 0;
    this.#min = Number.POSITIVE_INFINITY;
    this.#max = 0;
    this.#clamped = 0;
  }

  /** The histogram in HDR's V2 compressed encoding, microseconds. */
  encode(): Uint8Array {
    return this.#hdr.encode();
  }

  /** Count, mean, median, 90th and 99th percentile and maximum; seconds. */
  summary(): LatencySummary {
    return {
      count: this.count,
      mean: this.mean,
      p50: this.quantile(0.5),
      p90: this.quantile(0.9),
      p99: this.quantile(0.99),
      max: this.max,
    };
  }
}

export type { Histogram };

/** Makes an empty histogram. */
export function createHistogram(): Histogram {
  return new Histogram(createHdrCounts());
}

/**
 * Reads what `encode` wrote; no bytes at all give an empty histogram. Min, max and mean are then as exact as the quantiles.
 * @throws HistogramError if the bytes are something else.
 */
export function decodeHistogram(bytes: Uint8Array): Histogram {
  if (bytes.length === 0) return createHistogram();
  let found: ReturnType<typeof decodeHdrCounts>;
  try {
    found = decodeHdrCounts(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  } catch (error) {
    throw new HistogramError(`${bytes.length} bytes are not a histogram in HDR's V2 compressed encoding`, { cause: error });
  }
  if ('counts' in found) return new Histogram(found);
  throw new HistogramError(
    `a histogram with ${found.digits} digits up to ${found.highest}; allowed: 3 digits up to ${highestCount} us`,
  );
}
