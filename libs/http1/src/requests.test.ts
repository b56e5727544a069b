import { describe, expect, it } from 'vitest';
import { allCuts, type ToldMessage, tell } from '../test/tell.ts';
import type { HttpErrorCode } from './index.ts';

/** Section, what it is about, the bytes, and the messages that must be told of them or the code of the refusal. */
type Row = readonly [string, string, string, readonly Partial<ToldMessage>[] | HttpErrorCode];

const get = 'GET / HTTP/1.1\r\nHost: a\r\n';
const post = 'POST / HTTP/1.1\r\nHost: a\r\n';
const one: readonly Partial<ToldMessage>[] = [{ start: 'GET / HTTP/1.1', framing: 'length', length: 0, body: '' }];

const startLines: readonly Row[] = [
  ['9112 3', 'a request line', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', one],
  [
    '9112 3.1',
    'a method of any token',
    "a!#$%&'*+-.^_`|~9Z / HTTP/1.1\r\nHost: a\r\n\r\n",
    [{ start: "a!#$%&'*+-.^_`|~9Z / HTTP/1.1" }],
  ],
  ['9112 3.2.2', 'an absolute target', 'GET http://b/c?d HTTP/1.1\r\nHost: a\r\n\r\n', [{ start: 'GET http://b/c?d HTTP/1.1' }]],
  [
    '9112 3.2.3',
    'an authority',
    'CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n',
    [{ start: 'CONNECT a:80 HTTP/1.1', framing: 'length', length: 0 }],
  ],
  ['9112 3.2.4', 'an asterisk', 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n', [{ start: 'OPTIONS * HTTP/1.1' }]],
  ['9112 2.2', 'an empty line before', '\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n', one],
  ['9112 2.2', 'several empty lines before', `${'\r\n'.repeat(9)}GET / HTTP/1.1\r\nHost: a\r\n\r\n`, one],
  ['9112 2.2', 'nothing but empty lines', '\r\n\r\n\r\n', []],
  ['9112 2.2', 'nothing', '', []],
  ['9112 3', 'no method', ' / HTTP/1.1\r\nHost: a\r\n\r\n', 'request-line'],
  ['9112 3', 'an empty target', 'GET  HTTP/1.1\r\nHost: a\r\n\r\n', 'request-line'],
  ['9112 3', 'two spaces before the target', 'GET  / HTTP/1.1\r\nHost: a\r\n\r\n', 'request-line'],
  ['9112 3', 'two spaces before the version', 'GET /  HTTP/1.1\r\nHost: a\r\n\r\n', 'request-line'],
  ['9112 3', 'a space behind the version', 'GET / HTTP/1.1 \r\nHost: a\r\n\r\n', 'line-end'],
  ['9112 3', 'a space before the method', ' GET / HTTP/1.1\r\nHost: a\r\n\r\n', 'request-line'],
  ['9112 3', 'a tab for a space', 'GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n', 'request-line'],
  ['9112 3', 'a separator in the method', 'G(T / HTTP/1.1\r\nHost: a\r\n\r\n', 'request-line'],
  ['9112 3.2', 'white space in the target', 'GET /a b HTTP/1.1\r\nHost: a\r\n\r\n', 'request-line'],
  ['9112 3.2', 'a control character in the target', 'GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n', 'request-line'],
  ['9112 3.2', 'DEL in the target', 'GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n', 'request-line'],
  ['9112 3.2', 'obs-text in the target', 'GET /\xe4 HTTP/1.1\r\nHost: a\r\n\r\n', 'request-line'],
  ['9112 3', 'HTTP/0.9: no version', 'GET /\r\n\r\n', 'request-line'],
  ['9112 2.2', 'a bare LF behind the request line', 'GET / HTTP/1.1\nHost: a\r\n\r\n', 'line-end'],
  ['9112 2.2', 'a bare CR behind the request line', 'GET / HTTP/1.1\rHost: a\r\n\r\n', 'line-end'],
  ['9112 2.2', 'a bare LF before the request line', '\nGET / HTTP/1.1\r\nHost: a\r\n\r\n', 'request-line'],
  ['9112 2.2', 'a bare CR before the request line', '\rGET / HTTP/1.1\r\nHost: a\r\n\r\n', 'line-end'],
  ['9112 2.2', 'white space between request line and fields', 'GET / HTTP/1.1\r\n Host: a\r\n\r\n', 'field-fold'],
  ['9112 2.3', 'HTTP/1.0', 'GET / HTTP/1.0\r\n\r\n', [{ start: 'GET / HTTP/1.0', persistent: false }]],
  ['9112 2.3', 'HTTP/1.2', 'GET / HTTP/1.2\r\nHost: a\r\n\r\n', 'version'],
  ['9112 2.3', 'HTTP/2.0', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'version'],
  ['9112 2.3', 'HTTP/0.9 spelt out', 'GET / HTTP/0.9\r\n\r\n', 'version'],
  ['9112 2.3', 'a version in lower case', 'GET / http/1.1\r\nHost: a\r\n\r\n', 'request-line'],
  ['9112 2.3', 'a minor version of two digits', 'GET / HTTP/1.10\r\nHost: a\r\n\r\n', 'line-end'],
  ['9112 2.3', 'a version without minor', 'GET / HTTP/1\r\nHost: a\r\n\r\n', 'request-line'],
  ['9112 2.3', 'a version with a comma', 'GET / HTTP/1,1\r\nHost: a\r\n\r\n', 'request-line'],
  ['9112 2.3', 'another protocol', 'GET / RTSP/1.0\r\n\r\n', 'request-line'],
  ['9112 3', 'a TLS hello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 'request-line'],
];

const fieldLines: readonly Row[] = [
  ['9112 5', 'fields as they were written', `${get}X-A: b\r\nx-a: C\r\n\r\n`, [{ fields: ['Host: a', 'X-A: b', 'x-a: C'] }]],
  ['9112 5.1', 'white space around a value', `${get}X: \t a \tb\t \r\n\r\n`, [{ fields: ['Host: a', 'X: a \tb'] }]],
  ['9112 5.1', 'no white space', `${get}X:a\r\n\r\n`, [{ fields: ['Host: a', 'X: a'] }]],
  ['9110 5.5', 'an empty value', `${get}X:\r\nY: \t\r\n\r\n`, [{ fields: ['Host: a', 'X: ', 'Y: '] }]],
  ['9110 5.5', 'obs-text in a value', `${get}X: \x80\xff\r\n\r\n`, [{ fields: ['Host: a', 'X: \x80\xff'] }]],
  [
    '9110 5.5',
    'obs-text that JavaScript takes for white space',
    `${get}X: \xa0a\xa0\r\n\r\n`,
    [{ fields: ['Host: a', 'X: \xa0a\xa0'] }],
  ],
  ['9110 5.1', 'a name of any token', `${get}!#$%&'*+-.^_\`|~9aZ: b\r\n\r\n`, [{ fields: ['Host: a', "!#$%&'*+-.^_`|~9aZ: b"] }]],
  ['9110 5.5', 'colons in a value', `${get}X: :a:\r\n\r\n`, [{ fields: ['Host: a', 'X: :a:'] }]],
  ['9112 5', 'a line without a colon', `${get}X\r\n\r\n`, 'field-name'],
  ['9112 5', 'an empty name', `${get}: a\r\n\r\n`, 'field-name'],
  ['9112 5.1', 'white space before the colon', `${get}X : a\r\n\r\n`, 'field-name'],
  ['9112 5.1', 'a tab before the colon', `${get}X\t: a\r\n\r\n`, 'field-name'],
  ['9110 5.1', 'a separator in a name', `${get}X(Y): a\r\n\r\n`, 'field-name'],
  ['9110 5.1', 'obs-text in a name', `${get}X\xe4: a\r\n\r\n`, 'field-name'],
  ['9110 5.1', 'NUL in a name', `${get}X\0: a\r\n\r\n`, 'field-name'],
  ['9112 5.2', 'a folded line', `${get}X: a\r\n b\r\n\r\n`, 'field-fold'],
  ['9112 5.2', 'a line folded with a tab', `${get}X: a\r\n\tb\r\n\r\n`, 'field-fold'],
  ['9112 5.2', 'white space alone in the last line', `${get}X: a\r\n \r\n\r\n`, 'field-fold'],
  ['9110 5.5', 'NUL in a value', `${get}X: a\0b\r\n\r\n`, 'field-value'],
  ['9110 5.5', 'a control character in a value', `${get}X: a\x0bb\r\n\r\n`, 'field-value'],
  ['9110 5.5', 'DEL in a value', `${get}X: a\x7fb\r\n\r\n`, 'field-value'],
  ['9112 2.2', 'a bare CR in a value', `${get}X: a\rb: c\r\n\r\n`, 'line-end'],
  ['9112 2.2', 'two CRs', `${get}X: a\r\r\n\r\n`, 'line-end'],
  ['9112 2.2', 'a bare LF in a value', `${get}X: a\nY: b\r\n\r\n`, 'line-end'],
  ['9112 2.2', 'a bare LF behind a name', `${get}X\n\r\n`, 'field-name'],
  ['9112 2.2', 'a bare LF for the empty line', `${get}\n`, 'field-name'],
  ['9112 2.2', 'a bare CR for the empty line', `${get}\rX`, 'line-end'],
];

const accepted = (host: string): Row => [
  '9110 7.2',
  `Host ${host}`,
  `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
  [{ fields: [`Host: ${host}`] }],
];
const refused = (host: string): Row => ['9112 3.2', `Host ${host}`, `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`, 'host'];

const hosts: readonly Row[] = [
  ...['', 'a', 'a.example', 'a:80', 'a:', ':80', '127.0.0.1:65535', '[::1]', '[2001:db8::1]:8080', '[::ffff:1.2.3.4]'].map(
    accepted,
  ),
  ...['a_b', "a~!$&'()*+,;=", '%c3%A4.example', 'A.EXAMPLE'].map(accepted),
  ...['a b', 'a@b', 'user:password@b', 'http://a', 'a/b', 'a?b', 'a#b', 'a:b', 'a:80:80', 'a:123456', 'a:-1', 'a:+1'].map(
    refused,
  ),
  ...['[::1', '::1', '[::1]x', '[]', '[g::1]', '[::1]:x', 'a\\b', 'ä', 'a"', 'a<b', '%', '%4', '%zz', 'a%'].map(refused),
  ['9112 3.2', 'HTTP/1.1 without Host', 'GET / HTTP/1.1\r\n\r\n', 'host'],
  ['9112 3.2', 'HTTP/1.0 without Host', 'GET / HTTP/1.0\r\nX: a\r\n\r\n', [{ fields: ['X: a'] }]],
  ['9112 3.2', 'two Hosts', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 'host'],
  ['9112 3.2', 'the same Host twice', 'GET / HTTP/1.1\r\nHost: a\r\nX: y\r\nhOST: a\r\n\r\n', 'host'],
  ['9112 3.2', 'two Hosts in HTTP/1.0', 'GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n', 'host'],
  ['9112 3.2', 'a bad Host in HTTP/1.0', 'GET / HTTP/1.0\r\nHost: a@b\r\n\r\n', 'host'],
];

const bodies: readonly Row[] = [
  ['9112 6.3', 'no length: no body', `${post}\r\n`, [{ framing: 'length', length: 0, body: '' }]],
  ['9112 6.2', 'a length', `${post}Content-Length: 3\r\n\r\nabc`, [{ framing: 'length', length: 3, body: 'abc' }]],
  ['9110 8.6', 'a length of 0', `${post}Content-Length: 0\r\n\r\n`, [{ length: 0, body: '' }]],
  ['9110 8.6', 'a length with leading zeros', `${post}content-LENGTH: 0003\r\n\r\nabc`, [{ length: 3, body: 'abc' }]],
  ['9110 8.6', 'the same length twice', `${post}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc`, [{ length: 3, body: 'abc' }]],
  ['9110 8.6', 'GET with a body', `${get}Content-Length: 3\r\n\r\nabc`, [{ length: 3, body: 'abc' }]],
  ['9112 6.3', 'bytes of a body that look like a head', `${post}Content-Length: 4\r\n\r\n\r\n\r\n`, [{ body: '\r\n\r\n' }]],
  ['9112 6.3', 'two lengths that differ', `${post}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd`, 'content-length'],
  ['9110 8.6', 'a list of equal lengths', `${post}Content-Length: 3, 3\r\n\r\nabc`, 'content-length'],
  ['9112 6.3', 'a list of other lengths', `${post}Content-Length: 3, 4\r\n\r\nabcd`, 'content-length'],
  ['9110 8.6', 'a length with a sign', `${post}Content-Length: +3\r\n\r\nabc`, 'content-length'],
  ['9110 8.6', 'a negative length', `${post}Content-Length: -1\r\n\r\n`, 'content-length'],
  ['9110 8.6', 'a length with a space in it', `${post}Content-Length: 1 0\r\n\r\n`, 'content-length'],
  ['9110 8.6', 'an empty length', `${post}Content-Length:\r\n\r\n`, 'content-length'],
  ['9110 8.6', 'an empty second length', `${post}Content-Length: 3\r\nContent-Length:\r\n\r\nabc`, 'content-length'],
  ['9110 8.6', 'a hexadecimal length', `${post}Content-Length: 0x3\r\n\r\nabc`, 'content-length'],
  ['9110 8.6', 'a length with a point', `${post}Content-Length: 3.0\r\n\r\nabc`, 'content-length'],
  ['9110 8.6', 'a length with an exponent', `${post}Content-Length: 1e1\r\n\r\nabc`, 'content-length'],
  ['9110 8.6', 'a length behind obs-text', `${post}Content-Length: \xa03\r\n\r\nabc`, 'content-length'],
  ['9110 8.6', 'a length of 2^53', `${post}Content-Length: 9007199254740992\r\n\r\n`, 'content-length'],
  ['9110 8.6', 'a length of 400 digits', `${post}Content-Length: ${'9'.repeat(400)}\r\n\r\n`, 'content-length'],
  ['9110 8.6', 'a length of 2^53 - 1', `${post}Content-Length: 9007199254740991\r\n\r\n`, 'truncated'],
  [
    '9112 6.1',
    'chunks',
    `${post}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n`,
    [{ framing: 'chunked', length: 0, body: 'abcde' }],
  ],
  ['9112 7', 'chunked in any case', `${post}transfer-encoding: CHunkeD\r\n\r\n0\r\n\r\n`, [{ framing: 'chunked', body: '' }]],
  ['9112 6.1', 'chunked twice', `${post}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n`, 'transfer-encoding'],
  [
    '9112 6.1',
    'chunked in two lines',
    `${post}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    'transfer-encoding',
  ],
  ['9112 6.1', 'gzip, then chunked', `${post}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`, 'transfer-coding'],
  [
    '9112 6.1',
    'gzip and chunked in two lines',
    `${post}Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    'transfer-coding',
  ],
  ['9112 6.3', 'chunked not at last', `${post}Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n`, 'transfer-encoding'],
  ['9112 6.3', 'gzip alone', `${post}Transfer-Encoding: gzip\r\n\r\n`, 'transfer-encoding'],
  ['9112 7', 'identity', `${post}Transfer-Encoding: identity\r\n\r\n`, 'transfer-encoding'],
  ['9112 7', 'an empty coding', `${post}Transfer-Encoding:\r\n\r\n`, 'transfer-encoding'],
  ['9112 7', 'a list with an empty coding', `${post}Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n`, 'transfer-encoding'],
  ['9112 7', 'a coding with a parameter', `${post}Transfer-Encoding: chunked;a=b\r\n\r\n0\r\n\r\n`, 'transfer-encoding'],
  ['9112 6.1', 'in HTTP/1.0', 'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 'transfer-encoding'],
  ['9112 6.3', 'a length as well', `${post}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n`, 'two-lengths'],
];

const chunked = `${post}Transfer-Encoding: chunked\r\n\r\n`;
const chunks: readonly Row[] = [
  ['9112 7.1', 'leading zeros', `${chunked}0003\r\nabc\r\n000\r\n\r\n`, [{ body: 'abc' }]],
  ['9112 7.1', '16 digits', `${chunked}0000000000000003\r\nabc\r\n0\r\n\r\n`, [{ body: 'abc' }]],
  [
    '9112 7.1',
    'digits in either case',
    `${chunked}a\r\n0123456789\r\nB\r\n0123456789a\r\n0\r\n\r\n`,
    [{ body: '01234567890123456789a' }],
  ],
  ['9112 7.1', 'data that looks like a chunk', `${chunked}5\r\n0\r\n\r\n\r\n0\r\n\r\n`, [{ body: '0\r\n\r\n' }]],
  ['9112 7.1.2', 'trailers', `${chunked}0\r\nX: a\r\nY:b \r\n\r\n`, [{ trailers: ['X: a', 'Y: b'] }]],
  ['9112 7.1', '17 digits', `${chunked}00000000000000003\r\nabc\r\n0\r\n\r\n`, 'chunk-size'],
  ['9112 7.1', 'no size', `${chunked}\r\nabc\r\n0\r\n\r\n`, 'chunk-size'],
  ['9112 7.1', '0x', `${chunked}0x3\r\nabc\r\n0\r\n\r\n`, 'chunk-size'],
  ['9112 7.1', 'a sign', `${chunked}+3\r\nabc\r\n0\r\n\r\n`, 'chunk-size'],
  ['9112 7.1', 'a negative size', `${chunked}-3\r\nabc\r\n0\r\n\r\n`, 'chunk-size'],
  ['9112 7.1', 'a space before the size', `${chunked} 3\r\nabc\r\n0\r\n\r\n`, 'chunk-size'],
  ['9112 7.1', 'a space behind the size', `${chunked}3 \r\nabc\r\n0\r\n\r\n`, 'chunk-size'],
  ['9112 7.1', 'no digit', `${chunked}g\r\nabc\r\n0\r\n\r\n`, 'chunk-size'],
  ['9112 7.1', 'obs-text', `${chunked}\xb2\r\nab\r\n0\r\n\r\n`, 'chunk-size'],
  ['9112 7.1', 'a size of 2^53', `${chunked}20000000000000\r\n`, 'chunk-size'],
  ['9112 7.1', 'a size of 2^64 + 3', `${chunked}10000000000000003\r\nabc\r\n0\r\n\r\n`, 'chunk-size'],
  ['9112 7.1', 'a size of 2^53 - 1', `${chunked}1FFFFFFFFFFFFF\r\n`, 'truncated'],
  ['9112 7.1', 'a bare LF behind the size', `${chunked}3\nabc\r\n0\r\n\r\n`, 'chunk-size'],
  ['9112 7.1', 'a bare CR behind the size', `${chunked}3\rabc\r\n0\r\n\r\n`, 'chunk-size'],
  ['9112 7.1.1', 'an extension', `${chunked}3;a=b\r\nabc\r\n0\r\n\r\n`, 'chunk-extension'],
  ['9112 7.1.1', 'a quoted extension', `${chunked}3;a="b;\\""\r\nabc\r\n0\r\n\r\n`, 'chunk-extension'],
  ['9112 7.1.1', 'an extension of the last chunk', `${chunked}0;a\r\n\r\n`, 'chunk-extension'],
  ['9112 7.1', 'data longer than its size', `${chunked}3\r\nabcd\r\n0\r\n\r\n`, 'chunk-end'],
  ['9112 7.1', 'data shorter than its size', `${chunked}3\r\nab\r\n0\r\n\r\n`, 'chunk-end'],
  ['9112 7.1', 'a bare LF behind the data', `${chunked}3\r\nabc\n0\r\n\r\n`, 'chunk-end'],
  ['9112 7.1', 'a bare CR behind the data', `${chunked}3\r\nabc\r0\r\n\r\n`, 'chunk-end'],
  ['9112 7.1.2', 'a bad trailer', `${chunked}0\r\nX : a\r\n\r\n`, 'field-name'],
  ['9112 7.1.2', 'a folded trailer', `${chunked}0\r\nX: a\r\n b\r\n\r\n`, 'field-fold'],
  ['9112 7.1.2', 'a bare LF behind the trailers', `${chunked}0\r\nX: a\r\n\n`, 'field-name'],
];

const two: readonly Partial<ToldMessage>[] = [{ start: 'GET / HTTP/1.1' }, { start: 'GET / HTTP/1.1' }];
const connections: readonly Row[] = [
  ['9112 9.3.2', 'two requests', `${get}\r\n${get}\r\n`, two],
  ['9112 2.2', 'an empty line between two', `${get}\r\n\r\n${get}\r\n`, two],
  [
    ...(['9112 9.3.2', 'requests behind bodies'] as const),
    `${post}Content-Length: 2\r\n\r\nab${chunked}2\r\ncd\r\n0\r\nX: e\r\n\r\n${get}\r\n`,
    [
      { body: 'ab', trailers: [] },
      { body: 'cd', trailers: ['X: e'] },
      { start: 'GET / HTTP/1.1', body: '', trailers: [] },
    ],
  ],
  ['9112 9.3', 'HTTP/1.1 goes on', `${get}\r\n`, [{ persistent: true }]],
  ['9112 9.3', 'close', `${get}Connection: Close\r\n\r\n`, [{ persistent: false }]],
  ['9112 9.3', 'close in a list', `${get}Connection: x, \t close ,y\r\n\r\n`, [{ persistent: false }]],
  ['9112 9.3', 'close in a second line', `${get}Connection: keep-alive\r\nConnection: close\r\n\r\n`, [{ persistent: false }]],
  ['9112 9.3', 'close within a longer word', `${get}Connection: closed, xclose\r\n\r\n`, [{ persistent: true }]],
  ['9112 9.3', 'HTTP/1.0 ends', 'GET / HTTP/1.0\r\n\r\n', [{ persistent: false }]],
  ['9112 9.3', 'HTTP/1.0 with keep-alive', 'GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n', [{ persistent: true }]],
  ['9112 9.3', 'HTTP/1.0 with both', 'GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n', [{ persistent: false }]],
];

describe('requests', () => {
  const tables = { startLines, fieldLines, hosts, bodies, chunks, connections };
  for (const [name, rows] of Object.entries(tables)) {
    it.each(rows)(`${name}: RFC %s: %s`, (_section, _what, text, expected) => {
      const input = Buffer.from(text, 'latin1');
      const whole = tell('request', input);
      if (typeof expected === 'string') expect(whole.fault).toBe(expected);
      else {
        expect(whole.fault).toBeUndefined();
        expect(whole.messages).toMatchObject(expected);
        expect(whole.messages.every(({ end }) => end > 0)).toBe(true);
      }
      for (const cuts of allCuts(input.length)) expect(tell('request', input, { cuts }), `cut at ${cuts}`).toEqual(whole);
    });
  }

  it('ends truncated wherever the connection ends within a request', () => {
    const text = `${post}Content-Length: 2\r\n\r\nab${chunked}2\r\ncd\r\n0\r\nX: e\r\n\r\n`;
    const input = Buffer.from(text, 'latin1');
    const ends = tell('request', input).messages.map(({ end }) => end);
    expect(ends.at(-1)).toBe(input.length);
    for (let length = 0; length < input.length; length++) {
      const { fault, messages } = tell('request', input.subarray(0, length));
      expect(fault, `after ${length} bytes`).toBe(length === 0 || ends.includes(length) ? undefined : 'truncated');
      expect(messages.filter(({ end }) => end >= 0).length).toBe(ends.filter(end => end <= length).length);
    }
  });
});
