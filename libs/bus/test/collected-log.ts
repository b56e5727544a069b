import { createLog, type Logger } from '@galileo/service';

/** A log whose lines a test can read. */
export function collectedLog(): { readonly log: Logger; readonly text: () => string; count(pattern: RegExp): number } {
  const lines: string[] = [];
  const log = createLog('test', 'DEBUG', { write: line => lines.push(line) });
  return {
    log,
    text: () => lines.join(''),
    count: pattern => lines.filter(line => pattern.test(line)).length,
  };
}
