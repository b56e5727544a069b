import type { RecordingFormat } from './format.ts';
import { readLines, writeLines } from './lines.ts';
import { decodeText } from './text.ts';

/** One number per line. */
export const ndjson: RecordingFormat<'ndjson'> = {
  name: 'ndjson',
  read: content => readLines(decodeText(content)),
  write: numbers => Buffer.from(writeLines(numbers)),
};
