import { createLog } from '@galileo/service';

/** A log whose lines can be looked at. */
export function recordingLog() {
  const lines: { level: number; msg: string; instrument?: string; reason?: string }[] = [];
  const log = createLog('telemd', 'INFO', { write: (line: string) => void lines.push(JSON.parse(line)) });
  return { log, lines, messages: () => lines.map(line => line.msg) };
}
