import { open } from 'node:fs/promises';

/** No more than so many bytes are read from the end. */
const window = 64 * 1024;

/** A log line for a person: of a JSON line the message with its error, anything else as it is. */
function readable(line: string): string {
  if (!line.startsWith('{')) return line;
  try {
    const { msg, err } = JSON.parse(line) as { msg?: unknown; err?: { message?: unknown } };
    if (typeof msg !== 'string') return line;
    return typeof err?.message === 'string' ? `${msg}: ${err.message}` : msg;
  } catch {
    return line;
  }
}

/** The last lines that a log got after byte `from`; empty if there are none. */
export async function logTail(path: string, from: number, lines: number): Promise<string> {
  await using file = await open(path, 'r');
  const { size } = await file.stat();
  const start = Math.max(from, size - window);
  if (size <= start) return '';
  const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(size - start), position: start });
  const text = buffer.toString('utf8', 0, bytesRead);
  return text.trimEnd().split('\n').slice(-lines).map(readable).join('\n');
}
