/** A source of numbers in [0, 1). */
export type Random = () => number;

/** Mulberry32: 32 bits of state, the same numbers for the same seed. */
export function randomOf(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const below = (random: Random, bound: number) => Math.floor(random() * bound);
export const pick = <T>(random: Random, from: readonly T[]): T => from[below(random, from.length)]!;

const methods = ['GET', 'POST', 'PUT', 'HEAD', 'OPTIONS', 'DELETE', 'CONNECT', 'PATCH', 'get', 'FOO', 'M-SEARCH', 'PRI'];
const targets = ['/', '/a?b=c', '*', 'http://a/b', 'a:80', '/%00', '//', '/a b', '/\xe4', '', '?x', '/#f'];
const versions = ['HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0', 'HTTP/1.2', 'HTTP/0.9', 'HTTP/2.0', 'http/1.1', ''];
const statuses = ['200 OK', '200 OK', '204 No Content', '304 Not Modified', '404', '500 ', '100 Continue', '103 Early Hints'];
const oddStatuses = ['101 Switching Protocols', '999 x', '099 x', '20', '2000 x', '205 Reset Content', '200 \xe4', '199 x'];
const names = ['Host', 'Content-Length', 'Transfer-Encoding', 'Connection', 'X-A', 'Trailer', 'Expect', 'Upgrade', 'Te', 'host'];
const values = ['a', '', '0', '3', '03', '5, 5', 'chunked', 'CHUNKED', 'gzip, chunked', 'chunked, gzip', 'identity', 'xchunked'];
const oddValues = [
  'close',
  'keep-alive',
  'upgrade',
  '100-continue',
  '[::1]:80',
  'a@b',
  '\x80\xff',
  'a\tb',
  '+3',
  '0x3',
  'chunked, chunked',
];
const ends = ['\r\n', '\r\n', '\r\n', '\r\n', '\r\n', '\r\n', '\r\n', '\r\n', '\n', '\r', '\r\r\n', ''];
const separators = [': ', ': ', ': ', ':', ':\t ', ' : ', '\t:', ':\r\n ', ''];
const sizes = [
  '0',
  '3',
  '03',
  'a',
  'A',
  '0x3',
  ' 3',
  '3 ',
  '3;a=b',
  '3;a="b;"',
  'ffffffffffffffff',
  '00000000000000003',
  '-1',
  '',
];
/** What is put in the place of something, or between two bytes. */
const tokens = [
  '\r\n',
  '\n',
  '\r',
  '\r\n\r\n',
  ' ',
  '\t',
  '\0',
  '\x0b',
  '\xa0',
  '\xff',
  ':',
  ';',
  ',',
  '0',
  '1',
  '9',
  'f',
  'g',
  '0\r\n\r\n',
];
const lines = [
  ...['Transfer-Encoding: chunked\r\n', 'Content-Length: 3\r\n', 'Content-Length: 0\r\n', 'Host: a\r\n', 'Connection: close\r\n'],
  ...[
    'Transfer-Encoding: gzip\r\n',
    'Connection: keep-alive\r\n',
    ' folded\r\n',
    'X:\r\n',
    'Upgrade: x\r\nConnection: upgrade\r\n',
  ],
];

function rarely(random: Random, usual: string, other: readonly string[], share = 0.1): string {
  return random() < share ? pick(random, other) : usual;
}

function chunksOf(random: Random): string {
  let text = '';
  for (let i = below(random, 3); i > 0; i--) {
    const data = 'abcdefghij'.slice(0, 1 + below(random, 10));
    text += `${rarely(random, data.length.toString(16), sizes)}${rarely(random, '\r\n', ends)}${data}${rarely(random, '\r\n', ends)}`;
  }
  const trailer = random() < 0.3 ? `X-T: ${pick(random, values)}${rarely(random, '\r\n', ends)}` : '';
  return `${text}${rarely(random, '0', sizes)}\r\n${trailer}\r\n`;
}

/** Writes a message that is mostly right. */
export function message(random: Random, kind: 'request' | 'response'): string {
  const version = rarely(random, 'HTTP/1.1', versions, 0.2);
  const end = () => rarely(random, '\r\n', ends, 0.03);
  const status = random() < 0.8 ? pick(random, statuses) : pick(random, oddStatuses);
  const method = random() < 0.7 ? pick(random, ['GET', 'POST']) : pick(random, methods);
  let text =
    kind === 'request' ? `${method} ${rarely(random, '/', targets, 0.3)} ${version}${end()}` : `${version} ${status}${end()}`;
  if (kind === 'request') text += rarely(random, `Host: a${end()}`, [''], 0.05);
  for (let i = below(random, 3); i > 0; i--) {
    const value = random() < 0.6 ? pick(random, values) : pick(random, oddValues);
    text += `${pick(random, names)}${rarely(random, ': ', separators)}${value}${end()}`;
  }
  const form = random();
  if (form < 0.35) return `${text}Transfer-Encoding: chunked\r\n\r\n${chunksOf(random)}`;
  if (form < 0.65) return `${text}Content-Length: 3\r\n\r\n${rarely(random, 'abc', ['ab', 'abcd', ''])}`;
  return `${text}\r\n`;
}

/** Changes a few bytes, pieces or lines of a text. `other` is what pieces are taken from. */
export function mutate(random: Random, text: string, other: string): string {
  let changed = text;
  for (let i = 1 + below(random, 3); i > 0; i--) {
    const at = below(random, changed.length + 1);
    const to = Math.min(changed.length, at + 1 + below(random, 4));
    const lineAt = changed.indexOf('\n', at) + 1;
    switch (below(random, 8)) {
      case 0:
        changed = changed.slice(0, at) + pick(random, tokens) + changed.slice(at);
        break;
      case 1:
        changed = changed.slice(0, at) + pick(random, tokens) + changed.slice(to);
        break;
      case 2:
        changed = changed.slice(0, at) + changed.slice(to);
        break;
      case 3:
        changed = changed.slice(0, at) + String.fromCharCode(below(random, 256)) + changed.slice(at + 1);
        break;
      case 4:
        changed = changed.slice(0, lineAt) + pick(random, lines) + changed.slice(lineAt);
        break;
      case 5:
        changed = changed.slice(0, at) + other.slice(below(random, other.length + 1));
        break;
      case 6:
        changed = changed.slice(0, lineAt) + changed.slice(changed.lastIndexOf('\n', at) + 1);
        break;
      default:
        changed = changed.slice(0, to) + changed.slice(at, to) + changed.slice(to);
    }
  }
  return changed.slice(0, 2000);
}
