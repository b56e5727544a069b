import { encodeHeaderMembers } from '@galileo/wire';
import { expect, it } from 'vitest';
import { bodyText } from './body-text.ts';

const latin1 = Buffer.from('gr\u00fc\u00df', 'latin1');

it.for<[what: string, type: string | undefined, body: Buffer, text: string]>([
  ['UTF-8 without a type', undefined, Buffer.from(' gr\u00fc\u00df\n'), 'gr\u00fc\u00df'],
  ['UTF-8 without a charset', 'text/plain', Buffer.from('gr\u00fc\u00df'), 'gr\u00fc\u00df'],
  ['the charset of the type', 'text/plain; charset=ISO-8859-1', latin1, 'gr\u00fc\u00df'],
  ['a charset in quotes', 'text/html;Charset="windows-1251"; a=b', Buffer.from([0xcf, 0xf0, 0xe8]), '\u041f\u0440\u0438'],
  ['a charset with another parameter before it', 'text/html; a="x"; charset=latin1', latin1, 'gr\u00fc\u00df'],
  ['UTF-16', 'text/plain;charset=utf-16le', Buffer.from('a\u00fc', 'utf16le'), 'a\u00fc'],
  ['Shift JIS', 'text/plain; charset=Shift_JIS', Buffer.from([0x93, 0xfa, 0x96, 0x7b]), '\u65e5\u672c'],
  ['UTF-8 for a charset that nobody knows', 'text/plain; charset=klingon', Buffer.from('\u00fc'), '\u00fc'],
  ['what is no UTF-8 with replacement', 'text/plain; charset=klingon', latin1, 'gr\ufffd'],
  ['what the cap has cut without its last character', 'text/plain', Buffer.from('a\u20ac').subarray(0, 3), 'a'],
  ['UTF-8 for a charset of something else', 'text/plain; x-charset=latin1', Buffer.from('\u00fc'), '\u00fc'],
])('reads %s', ([, type, body, text]) => {
  const headers = type === undefined ? {} : { 'content-TYPE': type };
  expect(bodyText(body, encodeHeaderMembers({ 'X-Other': '"content-type": "text/plain; charset=utf-16"', ...headers }))).toBe(
    text,
  );
});

it('reads UTF-8 where no headers were kept', () => {
  expect(bodyText(Buffer.from('\u00fc'), null)).toBe('\u00fc');
});
