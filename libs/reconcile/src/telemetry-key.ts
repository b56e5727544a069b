/** What tells a sample from the others of its channel: the time stamp's text, which begins its line. */
export function telemetryKey(line: string): string {
  const space = line.indexOf(' ');
  return space === -1 ? line : line.slice(0, space);
}
