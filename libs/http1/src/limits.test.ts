import { describe, expect, it } from 'vitest';
import { allCuts, tell } from '../test/tell.ts';
import { Head, HttpError, Parser } from './index.ts';

const start = 'GET / HTTP/1.1\r\nHost: a\r\n';
/** A request whose head has so many bytes. */
const sized = (bytes: number) => `${start}X: ${'y'.repeat(bytes - start.length - 7)}\r\n\r\n`;

function faultOf(text: string, limits = { headBytes: 64, fields: 4 }, kind: 'request' | 'response' = 'request') {
  const input = Buffer.from(text, 'latin1');
  const whole = tell(kind, input, { limits });
  for (const cuts of allCuts(input.length)) expect(tell(kind, input, { limits, cuts }), `cut at ${cuts}`).toEqual(whole);
  return whole.fault;
}

describe('limits', () => {
  it('take a head that has as many bytes as allowed, and refuse one more', () => {
    expect(sized(64).length).toBe(64);
    expect(faultOf(sized(64))).toBeUndefined();
    expect(faultOf(sized(65))).toBe('head-size');
    expect(faultOf(`${sized(64)}${sized(65)}`)).toBe('head-size');
  });

  it('hold for a head that never ends', () => {
    expect(faultOf(`${start}X: ${'y'.repeat(99)}`)).toBe('head-size');
    expect(faultOf(`${start}${'X'.repeat(99)}`)).toBe('head-size');
    expect(faultOf(`HTTP/1.1 200 ${'x'.repeat(99)}`, undefined, 'response')).toBe('head-size');
  });

  it('tell a request line that is too long by its own code', () => {
    expect(faultOf(`GET /${'a'.repeat(64 - 15)} HTTP/1.1\r\nHost: a\r\n\r\n`)).toBe('target-size');
    expect(faultOf(`GET /${'a'.repeat(99)}`)).toBe('target-size');
    expect(new HttpError('target-size', '').status).toBe(414);
  });

  it('come before faults in what is over them', () => {
    expect(faultOf(`${start}X: ${'y'.repeat(99)}\0\r\n\r\n`)).toBe('head-size');
    expect(faultOf(`GET /${'a'.repeat(99)}\0`)).toBe('target-size');
  });

  it('take as many fields as allowed, and refuse one more', () => {
    expect(faultOf(`${start}${'X:\r\n'.repeat(3)}\r\n`)).toBeUndefined();
    expect(faultOf(`${start}${'X:\r\n'.repeat(4)}\r\n`)).toBe('field-count');
  });

  it('hold for trailers by themselves', () => {
    const body = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nA:\r\n\r\n0\r\n';
    expect(faultOf(`${body}X: ${'y'.repeat(64 - 7)}\r\n\r\n`, undefined, 'response')).toBeUndefined();
    expect(faultOf(`${body}X: ${'y'.repeat(65 - 7)}\r\n\r\n`, undefined, 'response')).toBe('head-size');
    expect(faultOf(`${body}${'X:\r\n'.repeat(4)}\r\n`, undefined, 'response')).toBeUndefined();
    expect(faultOf(`${body}${'X:\r\n'.repeat(5)}\r\n`, undefined, 'response')).toBe('field-count');
  });

  it('do not count empty lines before a request, and lose nothing behind them', () => {
    expect(faultOf(`${'\r\n'.repeat(100)}${sized(64)}`)).toBeUndefined();
    const { messages } = tell('request', Buffer.from(`${'\r\n'.repeat(100)}${sized(64)}`), {
      limits: { headBytes: 64, fields: 4 },
      cuts: [1],
    });
    expect(messages.map(({ end }) => end)).toEqual([264]);
  });

  it('hold no more bytes than that however many empty lines come in odd pieces', () => {
    let held = 0;
    const note = ({ bytes }: Head) => {
      held = bytes.length;
    };
    const handler = { onHead: note, onData() {}, onTrailers() {}, onEnd() {} };
    const parser = new Parser('request', handler);
    const piece = Buffer.from('\n\r');
    parser.read(Buffer.from('\r'), 0, 1);
    for (let i = 0; i < 100_000; i++) parser.read(piece, 0, 2);
    const rest = Buffer.from(`\n${start}\r\n`);
    expect(parser.read(rest, 0, rest.length)).toBe(rest.length);
    expect(held).toBeGreaterThan(0);
    expect(held).toBeLessThan(4096);
  });

  it('let parsers share a head, and refuse to go on after a fault', () => {
    const head = new Head({ fields: 4 });
    const seen: string[] = [];
    const make = () => {
      const handler = { onHead: (of: Head) => void seen.push(of.target()), onData() {}, onTrailers() {}, onEnd() {} };
      return new Parser('request', handler, { head, limits: { headBytes: 64, fields: 4 } });
    };
    const [a, b] = [make(), make()];
    const [first, second] = [Buffer.from('GET /a HT'), Buffer.from('TP/1.1\r\nHost: a\r\n\r\n')];
    a.read(first, 0, first.length);
    expect([a.isIdle, a.isInHead, b.isIdle, b.isInHead]).toEqual([false, true, true, false]);
    const other = Buffer.from('GET /b HTTP/1.1\r\nHost: a\r\n\r\n');
    b.read(other, 0, other.length);
    a.read(second, 0, second.length);
    expect(seen).toEqual(['/b', '/a']);
    const bad = Buffer.from('\n');
    expect(() => b.read(bad, 0, 1)).toThrow(HttpError);
    expect(() => b.read(other, 0, other.length)).toThrow('read after a fault');
    expect(() => b.end()).not.toThrow();
  });
});
