import { readNumber } from './number-text.ts';
import { checkCount, mostNumbers } from './recording-error.ts';

/**
 * Reads one number per line; white space around it, a byte order mark and empty lines at the end don't matter.
 * @param first lines that are left out at the begin.
 * @throws RecordingError
 */
export function readLines(text: string, first = 0): number[] {
  const lines = text
    .replace(/^\ufeff/, '')
    .trimEnd()
    .split('\n', mostNumbers + first + 1);
  if (lines.length - first <= 0 || text.trim() === '') checkCount(0);
  checkCount(lines.length - first);
  return lines.slice(first).map((line, index) => readNumber(line.trim(), `line ${index + first + 1}`));
}

/** One number per line, in the shortest form that reads back as the same double. */
export function writeLines(numbers: readonly number[]): string {
  return `${numbers.join('\n')}\n`;
}
