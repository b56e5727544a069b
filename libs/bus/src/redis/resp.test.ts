import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createInterner, createRespParser, type RespParserOptions, RespProtocolError, type RespReply } from './resp.ts';

type Seen = { channel: string; line: string } | { reply: RespReply };

function collect(options?: RespParserOptions) {
  const seen: Seen[] = [];
  const parser = createRespParser(
    { message: (channel, line) => seen.push({ channel, line }), reply: reply => seen.push({ reply }) },
    options,
  );
  const feed = (bytes: Uint8Array) => {
    for (let at = 0; at < bytes.length; ) {
      const space = parser.space();
      const piece = bytes.subarray(at, at + space.length);
      space.set(piece);
      parser.received(piece.length);
      at += piece.length;
    }
  };
  return { seen, feed, parser };
}

const bulk = (text: string) => `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
const message = (channel: string, line: string) => `*3\r\n${bulk('message')}${bulk(channel)}${bulk(line)}`;
const patternMessage = (pattern: string, channel: string, line: string) =>
  `*4\r\n${bulk('pmessage')}${bulk(pattern)}${bulk(channel)}${bulk(line)}`;

describe('the parser of what Redis sends', () => {
  it('finds the same frames wherever the stream is split', () => {
    const stream = Buffer.from(
      [
        '+PONG\r\n',
        message('galileo/events', '1.5 start'),
        ':42\r\n',
        patternMessage('telem/*', 'telem/kéy/cpu', 'ünïcode 😀 and \r\n inside'),
        '-NOAUTH Authentication required.\r\n',
        `*3\r\n${bulk('subscribe')}${bulk('a')}:1\r\n`,
        message('', ''),
        '$-1\r\n*-1\r\n*0\r\n:-7\r\n$0\r\n\r\n',
        `*2\r\n${bulk('pong')}${bulk('')}`,
      ].join(''),
    );
    const expected: Seen[] = [
      { reply: 'PONG' },
      { channel: 'galileo/events', line: '1.5 start' },
      { reply: 42 },
      { channel: 'telem/kéy/cpu', line: 'ünïcode 😀 and \r\n inside' },
      { reply: { error: 'NOAUTH Authentication required.' } },
      { reply: ['subscribe', 'a', 1] },
      { channel: '', line: '' },
      { reply: null },
      { reply: null },
      { reply: [] },
      { reply: -7 },
      { reply: '' },
      { reply: ['pong', ''] },
    ];
    for (let split = 0; split <= stream.length; split++) {
      const { seen, feed } = collect();
      feed(stream.subarray(0, split));
      feed(stream.subarray(split));
      expect(seen).toEqual(expected);
    }
    const { seen, feed } = collect();
    for (const byte of stream) feed(Buffer.of(byte));
    expect(seen).toEqual(expected);
  });

  it('gives back any texts, through any memory, in any pieces', () => {
    const text = fc.string({ unit: 'binary', maxLength: 60 });
    const frame = fc.record({ pattern: fc.option(text), channel: text, line: fc.oneof(text, fc.constant('x'.repeat(3000))) });
    fc.assert(
      fc.property(
        fc.array(frame, { maxLength: 20 }),
        fc.integer({ min: 16, max: 4096 }),
        fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 10 }),
        (frames, capacity, pieces) => {
          const { seen, feed, parser } = collect({ capacity });
          const stream = Buffer.from(
            frames
              .map(({ pattern, channel, line }) =>
                pattern === null ? message(channel, line) : patternMessage(pattern, channel, line),
              )
              .join(''),
          );
          for (let at = 0, i = 0; at < stream.length; i++) {
            const size = pieces[i % pieces.length]!;
            feed(stream.subarray(at, at + size));
            at += size;
          }
          expect(seen).toEqual(
            frames.map(({ channel, line }) => ({ channel: channel.toWellFormed(), line: line.toWellFormed() })),
          );
          parser.space();
          expect(parser.capacity).toBe(capacity);
        },
      ),
    );
  });

  it.each([
    ['another protocol', 'HTTP/1.1 400 Bad Request\r\n'],
    ['an alert of TLS', '\x15\x03\x03\x00\x02'],
    ['RESP3', '%1\r\n'],
    ['a length that is no number', '$x\r\n'],
    ['no length', '$\r\n'],
    ['a negative length', '$-2\r\n'],
    ['a negative length of a line', `*3\r\n${bulk('message')}${bulk('c')}$-1\r\n`],
    ['a length beyond all numbers', '$99999999999999999999\r\n'],
    ['a text that is longer than it says', '$3\r\nabcd\r\n'],
    ['a line that is longer than it says', `*3\r\n${bulk('message')}${bulk('c')}$3\r\nabcd\r\n`],
    ['a lone carriage return', '+PO\rNG\r\n'],
    ['arrays in arrays without an end', '*1\r\n'.repeat(10)],
    ['a line without an end', `+${'x'.repeat(200_000)}`],
    ['a frame beyond the limit', '$100000001\r\nabc'],
  ])('refuses %s', (_, text) => {
    const { feed } = collect();
    expect(() => feed(Buffer.from(text, 'latin1'))).toThrow(RespProtocolError);
  });

  it('whatever comes, it throws what it is to throw or waits for more', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 100 }),
          fc.string({ unit: fc.constantFrom(...'*$+-:0123\r\nab') }).map(s => Buffer.from(s)),
        ),
        bytes => {
          const { feed } = collect({ capacity: 16 });
          try {
            feed(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(RespProtocolError);
          }
        },
      ),
    );
  });

  it('grows for a large frame and gives the memory back', () => {
    const { seen, feed, parser } = collect({ capacity: 1024 });
    const large = '€'.repeat(500_000);
    feed(Buffer.from(message('c', large) + message('c', 'small')));
    expect(seen).toEqual([
      { channel: 'c', line: large },
      { channel: 'c', line: 'small' },
    ]);
    parser.space();
    expect(parser.capacity).toBe(1024);
  });
});

describe('the memory of channels', () => {
  it('knows a name by its bytes, and forgets all when it is full', () => {
    const intern = createInterner(2);
    const of = (text: string) => intern(Buffer.from(`..${text}`), 2, 2 + Buffer.byteLength(text));
    for (const text of ['a', 'b', 'a', 'ü', '', 'b', 'x'.repeat(10_000), 'ab', 'ba']) expect(of(text)).toBe(text);
  });

  it('is not mistaken when two names have the same hash', () => {
    // Two words whose FNV-1a hashes of 32 bits are equal.
    const intern = createInterner(10);
    for (const text of ['costarring', 'liquid', 'costarring']) {
      const bytes = Buffer.from(text);
      expect(intern(bytes, 0, bytes.length)).toBe(text);
    }
  });
});
