import type { DrawnArrivals } from '../draw-arrivals.ts';
import type { Paint } from './paint.ts';
import { plot } from './plot.ts';
import { count } from './units.ts';

/** A profile that was drawn. */
export interface ShownProfile extends DrawnArrivals {
  readonly title: string;
  readonly details: readonly string[];
  /** Seconds. */
  readonly duration: number;
  /** Means over equal parts of the duration, requests per second; none of what was recorded. */
  readonly rates: readonly number[] | undefined;
  readonly arrivals: readonly number[];
}

const height = 6;

/** A profile as text with a newline at its end. */
export function renderProfile(profile: ShownProfile, paint: Paint): string {
  const { title, details, duration, rates, arrivals, requests, hash } = profile;
  const most = Math.max(...arrivals, ...(rates ?? []), Number.MIN_VALUE);
  const width = `${Number((duration / arrivals.length).toPrecision(3))} s`;
  const mean = Number((requests / duration).toPrecision(4));
  return [
    `${paint('bold', title)}  ${details.join(', ')}`,
    '',
    ...(rates === undefined ? [] : [plot(paint('bold', 'Rate, requests per second'), rates, most, height, duration), '']),
    plot(paint('bold', `Arrivals per second, in parts of ${width}`), arrivals, most, height, duration),
    '',
    `  requests   ${count(requests)} in ${Number(duration.toPrecision(6))} s, ${mean}/s`,
    `  hash       ${hash}`,
    '',
  ].join('\n');
}
