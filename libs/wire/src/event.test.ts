import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import original from '../test/fixtures/original-lines.json' with { type: 'json' };
import { formatEvent, parseEvent } from './event.ts';
import { WireError } from './wire-error.ts';

describe('events', () => {
  test.each(original.events)('reads and writes the original line $line', ({ input, line, tokens }) => {
    const [timestamp, name, value] = input as [number, string, string | null];
    const event = { timestamp, name, value };
    expect(parseEvent(line)).toEqual({ ok: true, value: event });
    // Python tells 1700000000 from 1700000000.0; a double is always written as a float.
    const time = tokens[0]!.includes('.') || tokens[0]!.includes('e') ? tokens[0]! : `${tokens[0]}.0`;
    expect(formatEvent(event)).toBe([time, ...tokens.slice(1)].join(' '));
  });

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
