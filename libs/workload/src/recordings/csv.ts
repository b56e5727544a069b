import type { RecordingFormat } from './format.ts';
import { readLines, writeLines } from './lines.ts';
import { isNumber } from './number-text.ts';
import { refuse } from './recording-error.ts';
import { decodeText } from './text.ts';

const header = 'seconds';

/** One column of numbers; a first line that is no number is its name. */
export const csv: RecordingFormat<'csv'> = {
  name: 'csv',
  read(content) {
    const text = decodeText(content);
    const [first = ''] = text.replace(/^\ufeff/, '').split('\n', 1);
    const second = text.split('\n', 2)[1] ?? '';
    for (const [index, line] of [first, second].entries()) {
      const columns = line.split(/[,;\t]/).length;
      if (columns > 1) refuse(`line ${index + 1}`, `${columns} columns`, 'one');
    }
    // A name has a letter or quote at its begin; anything else is meant to be a number.
    const named = !isNumber(first.trim()) && /^["'\p{L}_]/u.test(first) && !/^(?:nan|inf)/i.test(first);
    return readLines(text, named ? 1 : 0);
  },
  write: numbers => Buffer.from(`${header}\n${writeLines(numbers)}`),
};
