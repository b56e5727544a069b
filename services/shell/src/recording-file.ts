import { readFileSync } from 'node:fs';
import { recordingFormatOf } from '@galileo/workload';

const reasons: Readonly<Record<string, string>> = { ENOENT: 'no such file', EISDIR: 'is a directory', EACCES: 'may not be read' };

/** Why a file could not be read, without its path. */
export function whyUnreadable(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return reasons[code ?? ''] ?? message;
}

/** Reads a file of recorded numbers; its ending tells the format. @throws Error with what is wrong with it, without its path */
export function readRecordingFile(path: string): number[] {
  const format = recordingFormatOf(path);
  let content: Buffer;
  try {
    content = readFileSync(path);
  } catch (error) {
    throw new Error(whyUnreadable(error), { cause: error });
  }
  return format.read(content);
}
