const unitSeconds: Readonly<Record<string, number>> = { us: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600 };

/** `500ms`, `60s`, `1m30s`, `1.5h`, and plain digits as seconds. */
export const durationPattern = /^(?:\d+(?:\.\d+)?|(?:\d+(?:\.\d+)?(?:us|ms|s|m|h))+)$/;

/** The seconds of a text that fits `durationPattern`. */
export function durationSeconds(text: string): number {
  const plain = Number(text);
  if (!Number.isNaN(plain)) return plain;
  let seconds = 0;
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)([a-z]+)/g)) seconds += Number(number) * unitSeconds[unit!]!;
  return seconds;
}
