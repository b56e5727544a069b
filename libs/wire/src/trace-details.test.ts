import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { encodeHeaderMembers, encodeHeaders, splitHeaders, type TraceDetails } from './trace-details.ts';

const none: TraceDetails = { released: null, connected: null, firstByte: null, error: null, bytes: null, replica: null };

describe('encodeHeaders', () => {
  it('writes details and headers as an object that a person can read', () => {
    const details = { ...none, released: 1.5, connected: 1.25, firstByte: 1795486299.1234567, error: 'reset', bytes: 24 };
    expect(encodeHeaders(encodeHeaderMembers({ 'Content-Type': 'text/plain' }), { ...details, replica: '127.0.0.1:1' })).toBe(
      '{"Galileo-Released": "1.5000000", "Galileo-Connected": "1.2500000", "Galileo-First-Byte": "1795486299.1234567", ' +
        '"Galileo-Error": "reset", "Galileo-Bytes": "24", "Content-Type": "text/plain"}',
    );
  });

  it('writes ASCII alone', () => {
    expect(encodeHeaderMembers({ 'X-Ü': 'grüß 🙂' })).toBe('"X-\\u00dc": "gr\\u00fc\\u00df \\ud83d\\ude42"');
    expect(encodeHeaders(null, { ...none, error: 'Ü' })).toBe('{"Galileo-Error": "\\u00dc"}');
  });

  it('has no key for what is not known', () => {
    expect(encodeHeaders(null, { ...none, released: Number.NaN, bytes: Number.POSITIVE_INFINITY })).toBe('{}');
  });

  it('lets no target tell our times', () => {
    expect(encodeHeaderMembers({ 'galileo-released': '1', 'Galileo-Error': 'x', A: 'b' })).toBe('"A": "b"');
    expect(encodeHeaders(encodeHeaderMembers({ 'galileo-released': '1' }), none)).toBe('{}');
  });
});

describe('splitHeaders', () => {
  test.each([
    ['null', null, null],
    ['an empty object', '{}', null],
    ['the headers of an original client', '{"Server": "x", "Date": "Tue, 24 Nov"}', '{"Server": "x", "Date": "Tue, 24 Nov"}'],
    ['a text that is no JSON', 'Server: x', 'Server: x'],
    ['JSON that is no object', '["Galileo-Error"]', '["Galileo-Error"]'],
    ['our keys alone', '{"Galileo-Bytes": "x", "Galileo-Released": "soon"}', null],
  ])('leaves of %s what is not ours', (_, text, headers) => {
    expect(splitHeaders(text)).toEqual({ headers, details: none });
  });

  test.each([
    ['X-Final-Host', '127.0.0.1:4001', '127.0.0.1:4001'],
    ['x-final-host', '127.0.0.1:4001, 127.0.0.1:4002', '127.0.0.1:4001'],
    ['X-FINAL-HOST', ' 127.0.0.1:4001 ,x', '127.0.0.1:4001'],
    ['x-final-host', '', null],
  ])('finds the replica in %s: %j', (name, value, replica) => {
    const text = JSON.stringify({ [name]: value });
    expect(splitHeaders(text)).toEqual({ headers: text, details: { ...none, replica } });
  });

  it('gives back what was encoded', () => {
    const time = fc.option(fc.integer({ min: 0, max: 2e9 * 1000 }).map(ms => ms / 1000));
    const details: fc.Arbitrary<TraceDetails> = fc.record({
      released: time,
      connected: time,
      firstByte: time,
      error: fc.option(fc.string({ unit: 'grapheme' })),
      bytes: fc.option(fc.maxSafeNat()),
      replica: fc.constant(null),
    });
    const foreign = (name: string) => !/^(galileo-.*|x-final-host)$/i.test(name);
    const headers = fc.option(
      fc.dictionary(fc.string({ unit: 'grapheme' }).filter(foreign), fc.string({ unit: 'grapheme' }), { noNullPrototype: true }),
    );
    fc.assert(
      fc.property(headers, details, (given, value) => {
        const split = splitHeaders(encodeHeaders(given && encodeHeaderMembers(given), value));
        expect(split.details).toEqual(value);
        expect(JSON.parse(split.headers ?? '{}')).toEqual(JSON.parse(JSON.stringify(given ?? {})));
      }),
    );
  });
});
