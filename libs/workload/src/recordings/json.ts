import type { RecordingFormat } from './format.ts';
import { readNumber } from './number-text.ts';
import { checkCount, mostNumbers, quote, refuse } from './recording-error.ts';
import { decodeText } from './text.ts';

/** White space, then a mark or a word up to the next one. */
const token = /\s*([[\],]|[^\s[\],]+)/y;

/**
 * Reads `[0.1, 0.2]`. JSON.parse would do, but its messages seldom tell the line, and it makes whatever stands in the file
 * before one can look at it.
 */
function read(content: Uint8Array): number[] {
  const text = decodeText(content).replace(/^\ufeff/, '');
  const numbers: number[] = [];
  let at = 0;
  let line = 1;
  const next = (): string | undefined => {
    token.lastIndex = at;
    const found = token.exec(text);
    for (let i = at; i < (found === null ? text.length : token.lastIndex); i += 1) if (text.charCodeAt(i) === 10) line += 1;
    at = found === null ? text.length : token.lastIndex;
    return found?.[1];
  };
  const expect = (found: string | undefined, ...allowed: readonly string[]): void => {
    if (found !== undefined && allowed.includes(found)) return;
    refuse(`line ${line}`, found === undefined ? 'the end' : quote(found), `${allowed.join(' or ')}, in a list of numbers`);
  };
  expect(next(), '[');
  let word = next();
  while (word !== ']' || numbers.length > 0) {
    numbers.push(readNumber(word ?? '', `line ${line}`));
    if (numbers.length > mostNumbers) checkCount(numbers.length);
    const mark = next();
    expect(mark, ',', ']');
    if (mark === ']') break;
    word = next();
  }
  const rest = next();
  if (rest !== undefined) refuse(`line ${line}`, `${quote(rest)} after the list`, 'the end');
  checkCount(numbers.length);
  return numbers;
}

/** A list of numbers. */
export const json: RecordingFormat<'json'> = {
  name: 'json',
  read,
  write: numbers => Buffer.from(`[${numbers.join(', ')}]\n`),
};
