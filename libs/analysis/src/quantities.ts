// Quantities as they stand in the sentences of a verdict and of notes.

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const fine = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3 });
// Rounded down, so that 99.8999 % does not read as if it met a limit of 99.9 %.
const percent = new Intl.NumberFormat('en-US', { style: 'percent', maximumFractionDigits: 3, roundingMode: 'floor' });

/** `12,345` */
export function countText(value: number): string {
  return whole.format(value);
}

/** `1 request`, `12,345 requests` */
export function numberOf(count: number, noun: string): string {
  return `${countText(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** `99.89 %` of a share 0..1 */
export function shareText(share: number): string {
  return percent.format(share).replace('%', ' %');
}

/** `12.3 ms`, `1.2 s`, `85 us` */
export function spanText(seconds: number): string {
  if (seconds >= 1 || seconds === 0) return `${fine.format(seconds)} s`;
  return seconds >= 1e-3 ? `${fine.format(seconds * 1e3)} ms` : `${fine.format(seconds * 1e6)} us`;
}
