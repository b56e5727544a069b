import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { decodePython, encodePython, PyFloat, type PyJson, plainJson, pyFloat, pyNumber } from './python-json.ts';
import { WireError } from './wire-error.ts';

describe('encodePython', () => {
  test.each<[string, PyJson, string]>([
    ['an int', 20, '20'],
    ['a float that is whole', pyFloat(20), '20.0'],
    ['a float that is not', 0.2, '0.2'],
    ['a small float', 1e-9, '1e-09'],
    ['a number beyond 2^53, which is a float', 2 ** 53, '9007199254740992.0'],
    ['an int beyond 2^53', 2n ** 64n, '18446744073709551616'],
    ['a negative zero, which no int has', -0, '-0.0'],
    ['what is not finite', [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY], '[NaN, Infinity, -Infinity]'],
    ['empty containers', { a: [], b: {} }, '{"a": [], "b": {}}'],
    ['escapes', '"\\/\b\f\n\r\t\u0001\u007f', '"\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u007f"'],
    ['text beyond ASCII', 'ü🙂', '"\\u00fc\\ud83d\\ude42"'],
    ['a lone surrogate', '\ud83d', '"\\ud83d"'],
    ['names beyond ASCII', { é: 1 }, '{"\\u00e9": 1}'],
  ])('writes %s', (_, value, text) => {
    expect(encodePython(value)).toBe(text);
  });

  it('refuses what has no form', () => {
    let deep: PyJson = 1;
    for (let n = 0; n < 1000; n++) deep = [deep];
    expect(() => encodePython(deep)).toThrow(WireError);
    expect(() => encodePython({ a: undefined } as never)).toThrow('value: "undefined" can\'t be written');
  });
});

describe('decodePython', () => {
  test.each<[string, string, PyJson]>([
    ['white space around all', ' \t\r\n[ 1 , { "a" : 2 } ] ', [1, { a: 2 }]],
    ['a float that is whole', '20.0', new PyFloat(20)],
    ['an exponent', '1e3', new PyFloat(1000)],
    ['a float beyond 2^53', '1e16', 1e16],
    ['a float that overflows', '-1e999', Number.NEGATIVE_INFINITY],
    ['an int with a minus and no value', '-0', 0],
    ['a float with a minus and no value', '-0.0', -0],
    ['an int beyond 2^53', '-9007199254740993', -9007199254740993n],
    ['what is not finite', '[NaN, Infinity, -Infinity]', [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]],
    ['lone surrogates', '"\\ude42\\ud83d"', '\ude42\ud83d'],
    ['a surrogate pair', '"\\ud83d\\ude42"', '🙂'],
    ['text that is not ASCII', '"ü"', 'ü'],
    ['a name that comes twice: the last', '{"a": 1, "b": 2, "a": 3}', { a: 3, b: 2 }],
    ['DEL as it is', '"\u007f"', '\u007f'],
  ])('reads %s', (_, text, value) => {
    expect(decodePython(text)).toStrictEqual({ ok: true, value });
  });

  it('reads names that mean something to JavaScript as members', () => {
    const read = decodePython('{"__proto__": {"polluted": 1}, "constructor": 2}');
    expect(read.ok && Object.entries(read.value as object)).toEqual([
      ['__proto__', { polluted: 1 }],
      ['constructor', 2],
    ]);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(read.ok && encodePython(read.value)).toBe('{"__proto__": {"polluted": 1}, "constructor": 2}');
  });

  const nothing = 'not JSON: no value where one is expected';
  test.each([
    ['nothing', '', nothing],
    ['white space', ' ', nothing],
    ['words', 'hello', nothing],
    ['nan as repr writes it', 'nan', nothing],
    ['a plus', '+1', nothing],
    ['a point first', '.5', nothing],
    ['a zero first', '01', 'not JSON: text after the value'],
    ['a point last', '1.', 'not JSON: text after the value'],
    ['an exponent without digits', '1e', 'not JSON: text after the value'],
    ['two values', '1 2', 'not JSON: text after the value'],
    ['an open string', '"a', 'not JSON: a broken string'],
    ['a line break in a string', '"a\nb"', 'not JSON: a broken string'],
    ['an unknown escape', '"\\x41"', 'not JSON: a broken string'],
    ['half an escape', '"\\u12"', 'not JSON: a broken string'],
    ['an open array', '[1', 'not JSON: neither a comma nor an end after a value'],
    ['a comma last', '[1,]', nothing],
    ['a comma last in an object', '{"a": 1,}', 'not JSON: no name where one is expected'],
    ['a name without quotes', '{a: 1}', 'not JSON: no name where one is expected'],
    ['no colon', '{"a" 1}', 'not JSON: no colon after a name'],
    ['single quotes', "'a'", nothing],
    ['a byte order mark', '\ufeff1', nothing],
    ['a non-breaking space', '\u00a01', nothing],
    ['an abyss', '['.repeat(100_000), 'not JSON: nested too deeply'],
    ['an endless int', '1'.repeat(5000), 'not JSON: a whole number of more than 4300 digits'],
  ])('refuses %s', (_, text, reason) => {
    expect(decodePython(text)).toEqual({ ok: false, reason });
  });

  it('reads all JSON that JavaScript reads, to the same values', () => {
    fc.assert(
      fc.property(fc.json(), text => {
        const read = decodePython(text);
        expect(read.ok && plainJson(read.value)).toEqual(JSON.parse(text, (_, value) => (Object.is(value, -0) ? 0 : value)));
      }),
    );
  });

  it("refuses all that JavaScript refuses, save Python's own words", () => {
    const unit = fc.constantFrom('{', '}', '[', ']', ',', ':', '"', '\\', 'u', '0', '1', '.', 'e', '-', ' ', '\n', 'null', '"a"');
    fc.assert(
      fc.property(fc.string({ unit }), text => {
        let valid = true;
        try {
          JSON.parse(text);
        } catch {
          valid = false;
        }
        expect(decodePython(text).ok).toBe(valid);
      }),
      { numRuns: 2000 },
    );
  });
});

/** Any value in the one form in which it is read. */
const value = fc.letrec<{ any: PyJson }>(tie => ({
  any: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.nat(0xffff).map(code => String.fromCharCode(code)) }),
    fc.maxSafeInteger(),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 80n }),
    fc.double().map(pyFloat),
    fc.maxSafeInteger().map(pyFloat),
    fc.array(tie('any')),
    fc.dictionary(fc.string({ unit: 'binary' }), tie('any')),
  ),
})).any;

it('reads back every value that is written, and in ASCII', () => {
  fc.assert(
    fc.property(value, any => {
      const text = encodePython(any);
      expect(text).toMatch(/^[ -~]*$/);
      expect(decodePython(text)).toEqual({ ok: true, value: any });
    }),
  );
});

test("numbers become JavaScript's own", () => {
  expect(plainJson({ a: [pyFloat(2), 3n, 'x', null, true, 1.5] })).toEqual({ a: [2, 3, 'x', null, true, 1.5] });
  expect([pyFloat(2), 2, 2n].map(pyNumber)).toEqual([2, 2, 2]);
});
