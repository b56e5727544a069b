import { Head, Parser } from '@galileo/http1';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createHeaderEncoder } from './header-members.ts';

/** Encodes the fields of answers, one after the other. */
function encode(...answers: readonly (readonly string[])[]): string[] {
  const encoder = createHeaderEncoder();
  const found: string[] = [];
  const handler = {
    onHead: (head: Head) => void found.push(encoder(head)),
    onData() {},
    onTrailers() {},
    onEnd() {},
  };
  const parser = new Parser('response', handler, { head: new Head({ fields: 100 }) });
  for (const lines of answers) {
    const bytes = Buffer.from(`HTTP/1.1 204 No Content\r\n${lines.map(line => `${line}\r\n`).join('')}\r\n`, 'latin1');
    parser.read(bytes, 0, bytes.length);
  }
  return found;
}

test.each([
  ['nothing', [], {}],
  [
    'names and values as they came',
    ['Server: x', 'X-final-HOST:a:1 ', 'ETag:'],
    { Server: 'x', 'X-final-HOST': 'a:1', ETag: '' },
  ],
  ['several of one name under the first spelling', ['A: 1', 'b: 2', 'a: 3'], { A: '1, 3', b: '2' }],
  [
    'quotes, backslashes and what is not ASCII',
    ['A: "\\"', 'B: gr\xfc\xdf', 'C: a\tb'],
    { A: '"\\"', B: 'gr\xfc\xdf', C: 'a\tb' },
  ],
  ['no names that are ours', ['galileo-released: 1', 'A: 1', 'GALILEO-ERROR: x'], { A: '1' }],
  ['names that begin as ours', ['Galileo-Bytes-More: 1'], { 'Galileo-Bytes-More': '1' }],
  ['names of the same length that begin and end alike', ['X-1-X: a', 'X-2-X: b'], { 'X-1-X': 'a', 'X-2-X': 'b' }],
])('encodes %s', (_, lines, fields) => {
  const [members] = encode(lines);
  expect(members).toMatch(/^[ -~]*$/);
  expect(JSON.parse(`{${members}}`)).toEqual(fields);
});

test('an answer that differs from the one before is encoded anew', () => {
  const answers = [['A: 1'], ['A: 1'], ['A: 2'], ['A: 1', 'B: 1'], ['A: 1']];
  expect(encode(...answers)).toEqual(['"A": "1"', '"A": "1"', '"A": "2"', '"A": "1", "B": "1"', '"A": "1"']);
});

test('what is encoded is JSON that says the same, whatever the fields', () => {
  const name = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,8}$/).filter(text => !/^galileo-/i.test(text));
  const value = fc
    .array(fc.integer({ min: 0x21, max: 0xff }).filter(byte => byte !== 0x7f))
    .map(bytes => String.fromCharCode(...bytes));
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(name, value), { selector: ([key]) => key.toLowerCase(), maxLength: 12 }), fields => {
      const [members] = encode(fields.map(([key, text]) => `${key}: ${text}`));
      expect(Object.entries(JSON.parse(`{${members}}`)).toSorted()).toEqual(fields.toSorted());
    }),
  );
});
