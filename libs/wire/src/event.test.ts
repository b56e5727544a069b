import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { formatEvent, parseEvent } from './event.ts';
import { WireError } from './wire-error.ts';

describe('events', () => {
  it('splits at the first two spaces alone', () => {
    expect(parseEvent('1.5 name with space v')).toEqual({
      ok: true,
      value: { timestamp: 1.5, name: 'name', value: 'with space v' },
    });
  });

  test.each([
    ['one token', '1.5', 'fewer than two tokens'],
    ['an empty line', '', 'fewer than two tokens'],
    ['a time that is no number', 'today x', 'timestamp is not a number'],
  ])('refuses %s', (_, line, reason) => {
    expect(parseEvent(line)).toEqual({ ok: false, reason });
  });

  test.each(['', 'a name'])('does not write the name %j', name => {
    expect(() => formatEvent({ timestamp: 1, name, value: null })).toThrow(WireError);
  });

  it('reads what was written', () => {
    const event = fc.record({
      timestamp: fc.double(),
      name: fc.string({ minLength: 1, unit: 'grapheme' }).filter(text => !text.includes(' ')),
      value: fc.option(fc.string({ unit: 'grapheme' })),
    });
    fc.assert(
      fc.property(event, value => {
        expect(parseEvent(formatEvent(value))).toEqual({ ok: true, value });
      }),
    );
  });
});
