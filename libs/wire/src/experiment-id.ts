/**
 * Makes an experiment id as Galileo does: local time as `YYYYMMDDhhmm`, a hyphen and 4 hex digits.
 * @param now UNIX seconds. @param random a whole number from 0 to 65535.
 */
export function experimentId(now: number, random: number): string {
  const date = new Date(now * 1000);
  const digits = [
    String(date.getFullYear()),
    ...[date.getMonth() + 1, date.getDate(), date.getHours(), date.getMinutes()].map(part => String(part).padStart(2, '0')),
  ].join('');
  return `${digits}-${random.toString(16).padStart(4, '0')}`;
}
