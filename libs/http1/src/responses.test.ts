import { describe, expect, it } from 'vitest';
import { allCuts, type TellOptions, type ToldMessage, tell } from '../test/tell.ts';
import type { HttpErrorCode } from './index.ts';

/** What the responses answer, if it matters. */
type Answers = TellOptions['answers'];
/** Section, what it is about, the bytes, what must be told of them or the code of the refusal, and what they answer. */
type Row = readonly [string, string, string, readonly Partial<ToldMessage>[] | HttpErrorCode, Answers?];

const ok = 'HTTP/1.1 200 OK\r\n';
const empty = `${ok}Content-Length: 0\r\n\r\n`;

const statusLines: readonly Row[] = [
  ['9112 4', 'a status line', empty, [{ start: 'HTTP/1.1 200 OK', framing: 'length', length: 0, body: '' }]],
  ['9112 4', 'an empty reason', 'HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n', [{ start: 'HTTP/1.1 200 ' }]],
  ['9112 4', 'no reason and no space', 'HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n', [{ start: 'HTTP/1.1 200 ' }]],
  [
    '9112 4',
    'a reason of several words',
    'HTTP/1.1 404 Not\tFound \xe4\r\nContent-Length: 0\r\n\r\n',
    [{ start: 'HTTP/1.1 404 Not\tFound \xe4' }],
  ],
  ['9112 2.3', 'HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n', [{ start: 'HTTP/1.0 200 OK', persistent: false }]],
  ['9110 15', 'a status of no known class', 'HTTP/1.1 999 x\r\nContent-Length: 0\r\n\r\n', [{ start: 'HTTP/1.1 999 x' }]],
  ['9112 4', 'nothing', '', []],
  ['9112 4', 'two digits', 'HTTP/1.1 20 OK\r\n\r\n', 'status-line'],
  ['9112 4', 'four digits', 'HTTP/1.1 2000 OK\r\n\r\n', 'line-end'],
  ['9112 4', 'letters', 'HTTP/1.1 2xx OK\r\n\r\n', 'status-line'],
  ['9112 4', 'a status below 100', 'HTTP/1.1 099 OK\r\n\r\n', 'status-line'],
  ['9112 4', 'no status', 'HTTP/1.1\r\n\r\n', 'status-line'],
  ['9112 4', 'two spaces', 'HTTP/1.1  200 OK\r\n\r\n', 'status-line'],
  ['9112 4', 'a tab', 'HTTP/1.1\t200 OK\r\n\r\n', 'status-line'],
  ['9112 4', 'NUL in the reason', 'HTTP/1.1 200 O\0K\r\n\r\n', 'line-end'],
  ['9112 2.2', 'an empty line before', `\r\n${empty}`, 'status-line'],
  ['9112 2.2', 'a bare LF before', `\n${empty}`, 'status-line'],
  ['9112 2.2', 'a bare LF', 'HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n', 'line-end'],
  ['9112 2.2', 'a bare CR', 'HTTP/1.1 200 O\rK\r\nContent-Length: 0\r\n\r\n', 'line-end'],
  ['9112 2.3', 'HTTP/2', 'HTTP/2 200\r\n\r\n', 'status-line'],
  ['9112 2.3', 'HTTP/2.0', 'HTTP/2.0 200 OK\r\n\r\n', 'version'],
  ['9112 2.3', 'HTTP/1.2', 'HTTP/1.2 200 OK\r\n\r\n', 'version'],
  ['9112 2.3', 'lower case', 'http/1.1 200 OK\r\n\r\n', 'status-line'],
  ['9112 2.3', 'ICY', 'ICY 200 OK\r\n\r\n', 'status-line'],
  ['9112 2.3', 'a request', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', 'status-line'],
  ['9112 5.2', 'a folded field', `${ok}X: a\r\n b\r\n\r\n`, 'field-fold'],
  ['9112 5.1', 'white space before the colon', `${ok}X : a\r\n\r\n`, 'field-name'],
];

const chunks = 'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n';
const length3 = 'Content-Length: 3\r\n\r\n';
const head: Answers = ['HEAD', 'other'];
const connect: Answers = ['CONNECT', 'other'];

const bodies: readonly Row[] = [
  ['9112 6.3', 'a length', `${ok}${length3}abc`, [{ framing: 'length', length: 3, body: 'abc' }]],
  ['9112 6.3', 'chunks and trailers', `${ok}${chunks}`, [{ framing: 'chunked', body: 'abc', trailers: ['X: y'] }]],
  ['9112 6.3', 'neither: until the end of the connection', `${ok}\r\nabc\r\n\r\n`, [{ framing: 'close', body: 'abc\r\n\r\n' }]],
  ['9112 6.3', 'until the end, with nothing', `${ok}\r\n`, [{ framing: 'close', body: '' }]],
  ['9112 6.3', 'HTTP/1.0 until the end', 'HTTP/1.0 200 OK\r\n\r\nabc', [{ framing: 'close', body: 'abc' }]],
  ['9112 6.3', '204', `HTTP/1.1 204 No Content\r\n\r\n${empty}`, [{ framing: 'length', length: 0 }, { length: 0 }]],
  [
    '9112 6.3',
    '204 with a length',
    `HTTP/1.1 204 No Content\r\n${length3}${empty}`,
    [{ framing: 'length', length: 0 }, { length: 0 }],
  ],
  [
    '9112 6.3',
    '304 with a length',
    `HTTP/1.1 304 Not Modified\r\n${length3}${empty}`,
    [{ framing: 'length', length: 0 }, { length: 0 }],
  ],
  ['9112 6.3', '304 without one', `HTTP/1.1 304 Not Modified\r\n\r\n${empty}`, [{ framing: 'length', length: 0 }, { length: 0 }]],
  [
    '9112 6.3',
    '304 with chunked',
    `HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n${empty}`,
    [{ framing: 'length', length: 0 }, {}],
  ],
  [
    '9112 6.3',
    'HEAD with a length',
    `${ok}${length3}${ok}${length3}abc`,
    [{ framing: 'length', length: 0, body: '' }, { body: 'abc' }],
    head,
  ],
  [
    '9112 6.3',
    'HEAD with chunked',
    `${ok}Transfer-Encoding: chunked\r\n\r\n${empty}`,
    [{ framing: 'length', body: '' }, {}],
    head,
  ],
  ['9112 6.3', 'HEAD with neither', `${ok}\r\n${empty}`, [{ framing: 'length', body: '' }, {}], head],
  [
    '9110 15.2',
    '1xx before the final one',
    `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n${empty}`,
    [{ start: 'HTTP/1.1 100 Continue' }, { fields: ['Link: a'] }, { start: 'HTTP/1.1 200 OK' }],
  ],
  ['9112 6.3', '1xx with a length', `HTTP/1.1 100 Continue\r\n${length3}${empty}`, [{ framing: 'length', length: 0 }, {}]],
  ['9110 15.2.2', '101', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n\0any', [{ framing: 'tunnel' }]],
  ['9110 9.3.6', 'CONNECT with 200', `${ok}\r\n\0any`, [{ framing: 'tunnel' }], connect],
  ['9112 6.3', 'CONNECT with 200 and a length', `${ok}${length3}abcd`, [{ framing: 'tunnel' }], connect],
  ['9110 9.3.6', 'CONNECT with 403', `HTTP/1.1 403 Forbidden\r\n${length3}abc`, [{ framing: 'length', body: 'abc' }], connect],
  [
    '9110 9.3.6',
    'CONNECT with 100 before',
    `HTTP/1.1 100 Continue\r\n\r\n${ok}\r\nany`,
    [{ framing: 'length' }, { framing: 'tunnel' }],
    connect,
  ],
  ['9112 6.3', 'two lengths', `${ok}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd`, 'content-length'],
  ['9112 6.3', 'the same length twice', `${ok}Content-Length: 3\r\n${length3}abc`, [{ body: 'abc' }]],
  ['9112 6.3', 'a list of lengths', `${ok}Content-Length: 3, 3\r\n\r\nabc`, 'content-length'],
  ['9112 6.3', 'a length and chunked', `${ok}Content-Length: 3\r\n${chunks}`, 'two-lengths'],
  ['9112 6.1', 'chunked in HTTP/1.0', `HTTP/1.0 200 OK\r\n${chunks}`, 'transfer-encoding'],
  ['9112 6.3', 'a coding that is not chunked', `${ok}Transfer-Encoding: gzip\r\n\r\nabc`, 'transfer-encoding'],
  ['9112 6.1', 'gzip, then chunked', `${ok}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`, 'transfer-coding'],
  ['9112 6.3', 'HEAD with two lengths', `${ok}Content-Length: 3\r\nContent-Length: 4\r\n\r\n`, 'content-length', head],
  ['9112 7.1.1', 'a chunk extension', `${ok}Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\n\r\n`, 'chunk-extension'],
  ['9112 8', 'less than the length', `${ok}${length3}ab`, 'truncated'],
  ['9112 8', 'chunks without the last one', `${ok}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n`, 'truncated'],
  ['9112 8', 'an interim response alone', 'HTTP/1.1 100 Continue\r\n\r\n', 'truncated'],
  ['9112 9.3', 'goes on', empty, [{ persistent: true }]],
  ['9112 9.3', 'close', `${ok}Connection: close\r\n${length3}abc`, [{ persistent: false }]],
  ['9112 9.3', 'HTTP/1.0 with keep-alive', `HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n${length3}abc`, [{ persistent: true }]],
];

describe('responses', () => {
  for (const [name, rows] of Object.entries({ statusLines, bodies })) {
    for (const [section, what, text, expected, answers] of rows) {
      it(`${name}: RFC ${section}: ${what}`, () => {
        const input = Buffer.from(text, 'latin1');
        const options = answers && { answers };
        const whole = tell('response', input, options);
        if (typeof expected === 'string') expect(whole.fault).toBe(expected);
        else {
          expect(whole.fault).toBeUndefined();
          expect(whole.messages).toMatchObject(expected);
        }
        for (const cuts of allCuts(input.length)) {
          expect(tell('response', input, { ...options, cuts }), `cut at ${cuts}`).toEqual(whole);
        }
      });
    }
  }

  it('leaves what follows the head of a tunnel to its reader', () => {
    const text = 'HTTP/1.1 101 Switching Protocols\r\n\r\n';
    expect(tell('response', Buffer.from(`${text}GET /`)).tunnel).toBe('GET /');
    expect(tell('response', Buffer.from(text)).fault).toBeUndefined();
  });

  it('ends truncated wherever the connection ends within a response that has a length of its own', () => {
    const input = Buffer.from(`HTTP/1.1 100 Continue\r\n\r\n${ok}${chunks}${ok}${length3}abc`, 'latin1');
    const ends = tell('response', input).messages.map(({ end }) => end);
    for (let length = 1; length < input.length; length++) {
      const expected = ends.includes(length) ? undefined : 'truncated';
      expect(tell('response', input.subarray(0, length)).fault, `after ${length} bytes`).toBe(expected);
    }
  });
});
