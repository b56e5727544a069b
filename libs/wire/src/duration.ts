import { malformed, type Parsed, parsed } from './parsed.ts';

const units = { s: 1, m: 60, h: 3600 } as const;
type Unit = keyof typeof units;

/** Python's longest timedelta, 999999999 days and a bit, seconds. */
const longest = 86_399_999_999_999;

/**
 * Seconds of a text like `90`, `10s`, `1h30m`, as Galileo's experiment queue reads it: all whole numbers in it count, with the
 * unit that follows directly (none: seconds) and of several with the same unit the last; what else stands there is passed
 * over. So the empty text is 0, `1d` is 1 and `1.5s` is 5. It is refused only where Python overflows.
 */
export function durationSeconds(text: string): Parsed<number> {
  const found: Partial<Record<Unit, number>> = {};
  for (const [, digits, unit] of text.matchAll(/([0-9]+)([smh]?)/g)) {
    found[(unit || 's') as Unit] = Number(digits);
  }
  const seconds = Object.entries(found).reduce((sum, [unit, count]) => sum + count * units[unit as Unit], 0);
  return seconds <= longest ? parsed(seconds) : malformed('duration is too long');
}
