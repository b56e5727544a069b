/** What is plotted: means over equal parts of a time, requests per second. */
export interface RatePlot {
  readonly title: string;
  /** Seconds. */
  readonly duration: number;
  /** The rate that arrivals were drawn from, if there is one. */
  readonly rates: readonly number[] | undefined;
  /** The arrivals. */
  readonly arrivals: readonly number[];
}

const size = { width: 800, height: 320, left: 60, right: 20, top: 40, bottom: 45 };

const escapeText = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const short = (value: number) => String(Number(value.toPrecision(3)));
const place = (value: number) => value.toFixed(2);

/** A plot as an SVG image: arrivals as bars, their rate as a line over them. */
export function plotSvg({ title, duration, rates, arrivals }: RatePlot): string {
  const most = Math.max(...arrivals, ...(rates ?? []), Number.MIN_VALUE);
  const inner = { width: size.width - size.left - size.right, height: size.height - size.top - size.bottom };
  const x = (bucket: number) => size.left + (bucket / arrivals.length) * inner.width;
  const y = (rate: number) => size.top + inner.height * (1 - rate / most);
  const bars = arrivals.map((rate, i) => `M${place(x(i))} ${place(y(0))}V${place(y(rate))}H${place(x(i + 1))}V${place(y(0))}Z`);
  const line = rates?.map((rate, i) => `${i === 0 ? 'M' : 'L'}${place(x(i + 0.5))} ${place(y(rate))}`).join('');
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${size.width}" height="${size.height}" fill="#fff"/>`,
    `<text x="${size.left}" y="22" font-size="14">${escapeText(title)}</text>`,
    ...ticks.flatMap(part => [
      `<path d="M${size.left} ${place(y(part * most))}H${size.width - size.right}" stroke="#ddd"/>`,
      `<text x="${size.left - 8}" y="${place(y(part * most) + 4)}" text-anchor="end">${short(part * most)}</text>`,
      `<text x="${place(size.left + part * inner.width)}" y="${size.height - 25}" text-anchor="middle">${short(part * duration)}</text>`,
    ]),
    `<path d="${bars.join('')}" fill="#9ecae1"/>`,
    ...(line === undefined ? [] : [`<path d="${line}" fill="none" stroke="#d62728" stroke-width="1.5"/>`]),
    `<text x="${size.width / 2}" y="${size.height - 6}" text-anchor="middle">seconds</text>`,
    `<text transform="translate(14 ${size.height / 2}) rotate(-90)" text-anchor="middle">requests per second</text>`,
    '</svg>',
    '',
  ].join('\n');
}
