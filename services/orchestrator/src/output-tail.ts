import { open } from 'node:fs/promises';

/** How much of a log file is looked at for its last lines, bytes. */
const tailBytes = 16 * 1024;

/** The last lines of a file, at most `count`; none if it can't be read. */
export async function lastLines(path: string, count: number): Promise<string[]> {
  const text = await readEnd(path).catch(() => '');
  const lines = text.split('\n').map(line => line.replace(/\r$/, ''));
  while (lines.at(-1) === '') lines.pop();
  return lines.slice(-count);
}

async function readEnd(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const begin = Math.max(0, size - tailBytes);
    const buffer = Buffer.alloc(size - begin);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, begin);
    const text = buffer.toString('utf8', 0, bytesRead);
    // What stands before the first line break is the rest of a line.
    return begin === 0 ? text : text.slice(text.indexOf('\n') + 1);
  } finally {
    await file.close();
  }
}

/** Appends a child's last output lines to a message, indented; says so if there are none. */
export async function withLastLines(message: string, log: string): Promise<string> {
  const lines = await lastLines(log, 20);
  if (lines.length === 0) return `${message}; it had printed nothing`;
  return `${message}; its last output:\n${indented(lines)}`;
}

/** Lines as they stand in a message. */
export function indented(lines: readonly string[]): string {
  return lines.map(line => `  | ${line}`).join('\n');
}
