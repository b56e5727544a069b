import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { decodeEnvelope, decodeTyped, type Envelope, encodeEnvelope } from './pymq.ts';

describe('an envelope', () => {
  test.each<[string, string, Envelope]>([
    ['around a plain value', '5', { type: null, value: 5 }],
    ['around an array', '{"__obj": [1], "__type": "a.B"}', { type: 'a.B', value: [1] }],
    ['around nothing', '{"__obj": null, "__type": "NoneType"}', { type: 'NoneType', value: null }],
    ['around a list', '{"__list": [[1]], "__type": "a.B"}', { type: 'a.B', value: [[1]], list: true }],
    ['around attributes', '{"a": 1, "__type": "a.B"}', { type: 'a.B', value: { a: 1 } }],
  ])('%s is read and written', (_, text, envelope) => {
    expect(decodeEnvelope(text)).toEqual({ ok: true, value: envelope });
    expect(encodeEnvelope(envelope)).toBe(text);
  });

  it('with an object in __obj is one with attributes', () => {
    expect(decodeEnvelope('{"__obj": {"a": 1}, "__type": "a.B"}')).toEqual({ ok: true, value: { type: 'a.B', value: { a: 1 } } });
  });

  it('may need its type', () => {
    expect(decodeTyped('{"__obj": [1], "__type": "a.B"}', 'a.B')).toEqual({ ok: true, value: [1] });
    expect(decodeTyped('{"__obj": [1]}', 'a.B')).toEqual({ ok: false, reason: '__type is not a.B' });
    expect(decodeTyped('[', 'a.B')).toMatchObject({ ok: false });
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.string(), text => decodeEnvelope(text) !== undefined));
    fc.assert(fc.property(fc.json(), text => decodeEnvelope(text).ok));
  });
});
