import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pickle } from './pickle.ts';
import { mostNumbers, RecordingError } from './recording-error.ts';
import { recordingFormatOf, recordingFormats } from './registry.ts';

const seed = 20_240_607;
const fixture = (name: string) => readFileSync(new URL(`../../test/fixtures/${name}`, import.meta.url));
const read = (name: string, text: string) => recordingFormatOf(name).read(Buffer.from(text));

describe('every format', () => {
  for (const format of recordingFormats) {
    it(`reads back the doubles that it has written: ${format.name}`, () => {
      const number = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer(), fc.constant(0.1));
      fc.assert(
        fc.property(fc.array(number, { minLength: 1, maxLength: 2100 }), numbers => {
          // JSON and its relatives have no -0.
          const plain = numbers.map(value => value + 0);
          expect(format.read(format.write(plain))).toEqual(plain);
        }),
        { seed, numRuns: 50 },
      );
    });

    it(`takes a million numbers: ${format.name}`, () => {
      const numbers = Array.from({ length: 1_000_000 }, (_, i) => (i % 997) / 3e4);
      const back = format.read(format.write(numbers));
      expect(back).toHaveLength(1_000_000);
      expect(back.every((value, i) => value === numbers[i])).toBe(true);
    });

    it(`never fails in another way than with a RecordingError, whatever the bytes: ${format.name}`, () => {
      const bytes = fc.oneof(
        fc.uint8Array({ maxLength: 200 }),
        fc.string().map(text => Buffer.from(text)),
        fc
          .array(fc.constantFrom('[', ']', ',', '1', '0.5', '\n', '(', 'a', 'e', 'l', 'G', '.'))
          .map(t => Buffer.from(t.join(''))),
      );
      fc.assert(
        fc.property(bytes, content => {
          try {
            expect(format.read(content).every(Number.isFinite)).toBe(true);
          } catch (error) {
            expect(error).toBeInstanceOf(RecordingError);
          }
        }),
        { seed, numRuns: 2000 },
      );
    });
  }

  it('is told by the ending', () => {
    expect(['a.pkl', 'b.CSV', 'c/d.json', 'e.ndjson'].map(name => recordingFormatOf(name).name)).toEqual([
      'pkl',
      'csv',
      'json',
      'ndjson',
    ]);
    expect(() => recordingFormatOf('a.txt')).toThrow('found the ending ".txt"; allowed: .pkl, .csv, .json, .ndjson');
    expect(() => recordingFormatOf('a.d/pkl')).toThrow('found the ending none; allowed: .pkl');
  });
});

describe('text formats', () => {
  const good: readonly [why: string, name: string, text: string, numbers: readonly number[]][] = [
    ['CSV', 'a.csv', '0.5\n1e-05\n-3\n.5\n2.\n+1\n', [0.5, 1e-5, -3, 0.5, 2, 1]],
    ['CSV with a name of its column', 'a.csv', 'ia\n0.5\n', [0.5]],
    ['CSV with a quoted name', 'a.csv', '"inter-arrival"\n0.5', [0.5]],
    ['CSV of Windows', 'a.csv', '\ufeffia\r\n0.5\r\n1\r\n\r\n', [0.5, 1]],
    ['JSON over several lines', 'a.json', '[\n  0.5,\n  1\n]\n', [0.5, 1]],
    ['JSON without white space', 'a.json', '[0.5,1]', [0.5, 1]],
    ['NDJSON', 'a.ndjson', '0.5\n1\n', [0.5, 1]],
  ];
  for (const [why, name, text, numbers] of good) it(`take ${why}`, () => expect(read(name, text)).toEqual(numbers));

  const bad: readonly [why: string, name: string, text: string, message: string][] = [
    ['a word', 'a.csv', '0.5\n1\nx\n', 'line 3: found "x"; allowed: a finite number'],
    ['an empty line in between', 'a.csv', '0.5\n\n1\n', 'line 2: found nothing; allowed: a finite number'],
    ['a name only', 'a.csv', 'ia\n', 'found no number; allowed: at least one'],
    ['nothing', 'a.csv', '', 'found no number; allowed: at least one'],
    ['two columns', 'a.csv', ',0\n0,0.5\n', 'line 1: found 2 columns; allowed: one'],
    ['two columns below a name', 'a.csv', 'ia\n0,0.5\n', 'line 2: found 2 columns; allowed: one'],
    ['NaN', 'a.csv', 'nan\n0.5\n', 'line 1: found "nan"; allowed: a finite number'],
    ['a number too large for a double', 'a.csv', '1\n1e999\n', 'line 2: found "1e999"; allowed: a finite number'],
    ['hexadecimal', 'a.ndjson', '0x10\n', 'line 1: found "0x10"; allowed: a finite number'],
    ['a name in NDJSON', 'a.ndjson', 'ia\n1\n', 'line 1: found "ia"; allowed: a finite number'],
    ['an object', 'a.json', '{"a": 1}', 'line 1: found "{\\"a\\":"; allowed: [, in a list of numbers'],
    ['null', 'a.json', '[1,\nnull]', 'line 2: found "null"; allowed: a finite number'],
    ['a text', 'a.json', '[1,\n\n"2"]', 'line 3: found "\\"2\\""; allowed: a finite number'],
    ['a list in a list', 'a.json', '[[1]]', 'line 1: found "["; allowed: a finite number'],
    ['a comma too many', 'a.json', '[1,\n]', 'line 2: found "]"; allowed: a finite number'],
    ['a comma too few', 'a.json', '[1\n2]', 'line 2: found "2"; allowed: , or ], in a list of numbers'],
    ['no end', 'a.json', '[1,\n2\n', 'line 3: found the end; allowed: , or ], in a list of numbers'],
    ['more after the end', 'a.json', '[1]\n[2]', 'line 2: found "[" after the list; allowed: the end'],
    ['an empty list', 'a.json', '[]', 'found no number; allowed: at least one'],
    ['a long word', 'a.json', `[${'x'.repeat(99)}]`, `line 1: found "${'x'.repeat(40)}…"; allowed: a finite number`],
    ['too many numbers', 'a.ndjson', '1\n'.repeat(mostNumbers + 1), `found more than ${mostNumbers} numbers; allowed: at most`],
    ['too many numbers', 'a.json', `[1${',1'.repeat(mostNumbers)}]`, `found more than ${mostNumbers} numbers; allowed: at most`],
  ];
  for (const [why, name, text, message] of bad) {
    it(`refuse ${why} in ${name.slice(2)}`, () => expect(() => read(name, text)).toThrow(message));
  }

  it('refuse what is no UTF-8', () => {
    expect(() => recordingFormatOf('a.csv').read(Buffer.from([0x31, 0xff]))).toThrow(
      'found bytes that are no text; allowed: UTF-8',
    );
  });
});

describe('pickles of Python', () => {
  // Made with pickle.dumps of CPython 3.11.
  const floats = [0.5, 0.1, 1 / 3, 1e-7, 0, -0.25, 123456.789, 2, 300, 70_000, 2 ** 40, -1, -70_000];
  for (const protocol of [0, 1, 2, 3, 4, 5]) {
    it(`are read: protocol ${protocol}`, () => expect(pickle.read(fixture(`floats-protocol-${protocol}.pkl`))).toEqual(floats));
  }
  it('are read when they have several batches', () => {
    expect(pickle.read(fixture('many-protocol-4.pkl'))).toEqual(Array.from({ length: 2500 }, (_, i) => i / 128));
  });
  it('are read with a single number', () => expect(pickle.read(fixture('one-protocol-0.pkl'))).toEqual([0.1]));

  const refused: readonly [why: string, name: string, message: RegExp][] = [
    ['a tuple', 'tuple', /^byte \d+: found a tuple; allowed: a pickled list of floats$/],
    ['texts', 'texts', /found a text; allowed: a pickled list of floats/],
    ['lists in a list', 'nested', /found a second list/],
    ['None', 'none', /found None/],
    ['booleans', 'booleans', /found True/],
    ['booleans of protocol 0', 'booleans-protocol-0', /found True/],
    ['infinity', 'infinite', /found Infinity; allowed: a finite number/],
    ['an empty list', 'empty', /found no number/],
    ['a call', 'call', /found (?:a text|the name of something to be called)/],
    ['a call of protocol 0', 'call-protocol-0', /found the name of something to be called/],
  ];
  for (const [why, name, message] of refused) {
    it(`are refused if they hold ${why}`, () => expect(() => pickle.read(fixture(`${name}.pkl`))).toThrow(message));
  }

  it('are refused when they are cut anywhere', () => {
    for (const protocol of [0, 2, 4]) {
      const whole = fixture(`floats-protocol-${protocol}.pkl`);
      for (let length = 0; length < whole.length; length += 1) {
        expect(() => pickle.read(whole.subarray(0, length))).toThrow(RecordingError);
      }
    }
  });
  it('are refused with more after their end', () => {
    const twice = Buffer.concat([fixture('one-protocol-0.pkl'), fixture('one-protocol-0.pkl')]);
    expect(() => pickle.read(twice)).toThrow('byte 12: found more after the end of the pickle; allowed: nothing');
  });
  it('are refused if their protocol is not known', () => {
    expect(() => pickle.read(Buffer.from([0x80, 6, 0x2e]))).toThrow('byte 1: found protocol 6; allowed: a protocol from 0 to 5');
  });
});

const python = spawnSync('python3', ['--version']).status === 0;

describe('a pickle that was written', () => {
  it.skipIf(!python)('is read by Python (skipped without python3)', () => {
    const numbers = Array.from({ length: 2500 }, (_, i) => i / 3).concat([1e-300, -0.5]);
    const program = 'import json, pickle, sys; json.dump(pickle.load(sys.stdin.buffer), sys.stdout)';
    const { stdout, status } = spawnSync('python3', ['-c', program], { input: pickle.write(numbers) });
    expect(status).toBe(0);
    expect(JSON.parse(stdout.toString())).toEqual(numbers);
  });
});
