import { describe, expect, it } from 'vitest';
import { allCuts, tell } from '../test/tell.ts';
import type { HttpErrorCode } from './index.ts';

/** What two readers on the way may understand in two ways, the fields and the body of it, and why it is refused. */
const vectors: readonly (readonly [string, string, string, HttpErrorCode])[] = [
  ['CL.TE', 'Content-Length: 6\r\nTransfer-Encoding: chunked', '0\r\n\r\nG', 'two-lengths'],
  ['TE.CL', 'Transfer-Encoding: chunked\r\nContent-Length: 4', '1\r\nG\r\n0\r\n\r\n', 'two-lengths'],
  ['CL.TE with an empty length', 'Content-Length:\r\nTransfer-Encoding: chunked', '0\r\n\r\n', 'content-length'],
  ['CL.CL', 'Content-Length: 0\r\nContent-Length: 1', 'G', 'content-length'],
  ['CL.CL in a list', 'Content-Length: 0,1', 'G', 'content-length'],
  ['TE.TE xchunked', 'Transfer-Encoding: xchunked', '0\r\n\r\n', 'transfer-encoding'],
  ['TE.TE space before the colon', 'Transfer-Encoding : chunked', '0\r\n\r\n', 'field-name'],
  ['TE.TE tab before the colon', 'Transfer-Encoding\t: chunked', '0\r\n\r\n', 'field-name'],
  ['TE.TE two lines', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: x', '0\r\n\r\n', 'transfer-encoding'],
  ['TE.TE two lines, chunked at last', 'Transfer-Encoding: x\r\nTransfer-encoding: chunked', '0\r\n\r\n', 'transfer-coding'],
  ['TE.TE identity, chunked', 'Transfer-Encoding: identity, chunked', '0\r\n\r\n', 'transfer-coding'],
  ['TE.TE leading white space', ' Transfer-Encoding: chunked', '0\r\n\r\n', 'field-fold'],
  ['TE.TE folded before the value', 'Transfer-Encoding:\r\n chunked', '0\r\n\r\n', 'field-fold'],
  ['TE.TE hidden behind a folded line', 'X: y\r\n Transfer-Encoding: chunked', '0\r\n\r\n', 'field-fold'],
  ['TE.TE hidden behind a bare LF', 'X: y\nTransfer-Encoding: chunked', '0\r\n\r\n', 'line-end'],
  ['TE.TE hidden behind a bare CR', 'X: y\rTransfer-Encoding: chunked', '0\r\n\r\n', 'line-end'],
  ['TE.TE vertical tab', 'Transfer-Encoding: \x0bchunked', '0\r\n\r\n', 'field-value'],
  ['TE.TE form feed', 'Transfer-Encoding: chunked\x0c', '0\r\n\r\n', 'field-value'],
  ['TE.TE NUL', 'Transfer-Encoding: chunked\0', '0\r\n\r\n', 'field-value'],
  ['TE.TE obs-text', 'Transfer-Encoding: \xa0chunked', '0\r\n\r\n', 'transfer-encoding'],
  ['TE.TE obs-text behind', 'Transfer-Encoding: chunked\xff', '0\r\n\r\n', 'transfer-encoding'],
  ['TE.TE tab behind', 'Transfer-Encoding: chunked\t', '0\r\n\r\n', 'transfer-encoding'],
  ['TE.TE space and tab behind', 'Transfer-Encoding: chunked \t ', '0\r\n\r\n', 'transfer-encoding'],
  ['TE.TE quotes', 'Transfer-Encoding: "chunked"', '0\r\n\r\n', 'transfer-encoding'],
  ['TE.TE single quotes', "Transfer-Encoding: 'chunked'", '0\r\n\r\n', 'transfer-encoding'],
  ['TE.TE trailing comma', 'Transfer-Encoding: chunked,', '0\r\n\r\n', 'transfer-encoding'],
  ['TE.TE two words', 'Transfer-Encoding: chunked chunked', '0\r\n\r\n', 'transfer-encoding'],
  ['TE.TE in quotes of a name', '"Transfer-Encoding": chunked', '0\r\n\r\n', 'field-name'],
  ['a name with obs-text', 'Transfer-Encoding\xa0: chunked', '0\r\n\r\n', 'field-name'],
  ['a name cut by NUL', 'Content-Length\0: 5', 'GET /', 'field-name'],
  ['a length behind a plus', 'Content-Length: +5', 'GET /', 'content-length'],
  ['a length with an underscore', 'Content-Length: 1_0', 'GET /', 'content-length'],
  ['a length over 2^64', 'Content-Length: 18446744073709551621', 'GET /', 'content-length'],
  ['a second Host', 'Host: b', '', 'host'],
  ['LF-only field ends', 'X: y\nY: z', '', 'line-end'],
  ['LF-only chunk size', 'Transfer-Encoding: chunked', '1\nG\r\n0\r\n\r\n', 'chunk-size'],
  ['LF-only chunk end', 'Transfer-Encoding: chunked', '1\r\nG\n0\r\n\r\n', 'chunk-end'],
  ['TERM.EXT: LF in an extension', 'Transfer-Encoding: chunked', '2;\nxx\r\n4c\r\n0\r\n\r\n', 'chunk-extension'],
  ['EXT.TERM: CR in an extension', 'Transfer-Encoding: chunked', '2;\rxx\r\n0\r\n\r\n', 'chunk-extension'],
  ['a chunk over its size', 'Transfer-Encoding: chunked', '1\r\nGET\r\n0\r\n\r\n', 'chunk-end'],
  ['a chunk size that wraps', 'Transfer-Encoding: chunked', '10000000000000001\r\nG\r\n0\r\n\r\n', 'chunk-size'],
  ['a chunk size behind 0x', 'Transfer-Encoding: chunked', '0x1\r\nG\r\n0\r\n\r\n', 'chunk-size'],
  ['a chunk size with a space', 'Transfer-Encoding: chunked', '1 \r\nG\r\n0\r\n\r\n', 'chunk-size'],
  ['a chunk size with an underscore', 'Transfer-Encoding: chunked', '1_0\r\nG\r\n0\r\n\r\n', 'chunk-size'],
];

describe('what is used to smuggle requests is refused', () => {
  it.each(vectors)('%s', (_name, fields, body, code) => {
    const input = Buffer.from(
      `POST / HTTP/1.1\r\nHost: a\r\n${fields}\r\n\r\n${body}GET /next HTTP/1.1\r\nHost: a\r\n\r\n`,
      'latin1',
    );
    const whole = tell('request', input);
    expect(whole.fault).toBe(code);
    expect(whole.messages.every(({ end }) => end === -1)).toBe(true);
    for (const cuts of allCuts(input.length)) expect(tell('request', input, { cuts }), `cut at ${cuts}`).toEqual(whole);
  });

  it('HTTP/1.0 with a Transfer-Encoding', () => {
    const input = 'POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n';
    expect(tell('request', Buffer.from(input)).fault).toBe('transfer-encoding');
  });

  it('lines that end with LF alone', () => {
    expect(tell('request', Buffer.from('GET / HTTP/1.1\nHost: a\n\n')).fault).toBe('line-end');
  });
});
