import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseCpuTimes } from './instruments/cpu.ts';
import { parseDisks } from './instruments/disk.ts';
import { parseLoad } from './instruments/load.ts';
import { parseNetworkDevices } from './instruments/net.ts';
import { parseMemory } from './instruments/ram.ts';
import { parseAuxiliaryVector } from './processes/auxiliary-vector.ts';
import { parseChildren } from './processes/descendants.ts';
import { parseForks, parseProcessStat } from './processes/process-stat.ts';
import { ParseError } from './scanner.ts';

/** Every parser of a kernel file, with a sound example. */
const parsers: [name: string, parse: (bytes: Buffer) => unknown, example: string][] = [
  ['/proc/stat, times', parseCpuTimes, 'cpu  10 2 3 400 5 6 7 8 9 0\ncpu0 10 2 3 400 5 6 7 8 9 0\nintr 5 1 2\nctxt 5\n'],
  ['/proc/stat, forks', parseForks, 'cpu  10 2 3 400\nbtime 1700000000\nprocesses 33511\nprocs_running 1\n'],
  ['/proc/meminfo', parseMemory, 'MemTotal:  948280 kB\nMemFree:  311520 kB\nMemAvailable:  701788 kB\n'],
  ['/proc/loadavg', parseLoad, '0.52 0.58 0.59 2/345 12345\n'],
  ['/proc/net/dev', parseNetworkDevices, 'Inter-|\n face |\n  eth0: 31 29 0 12 0 0 0 8 91 87 0 0 0 0 0 0\n'],
  ['/proc/diskstats', parseDisks, ' 8 0 sda 1 2 3 4 5 6 7 8 9 10 11\n 8 1 sda1 1 2 3 4 5 6 7 8 9 10 11\n'],
  ['/proc/<pid>/stat', parseProcessStat, '12 (a (b) c) S 1 12 12 0 -1 4194560 1 2 3 4 50 60 70 80 20 0 3 0 900 1000 250 18\n'],
  ['children', parseChildren, '12 13 1400 '],
  ['auxv', bytes => parseAuxiliaryVector(bytes, 8, true), '\x06\0\0\0\0\0\0\0\0\x10\0\0\0\0\0\0'],
];

/** Digits, blanks, newlines and what else occurs, so that garbage gets deep into the parsers; and any byte at all. */
const garbage = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map(bytes => Buffer.from(bytes)),
  fc
    .array(
      fc.constantFrom(
        'cpu',
        'cpu0',
        'MemTotal:',
        '\nprocesses ',
        '(',
        ')',
        ':',
        ' ',
        '\n',
        '0',
        '9'.repeat(25),
        '12',
        '-1',
        '.',
        'eth0',
      ),
      {
        maxLength: 60,
      },
    )
    .map(parts => Buffer.from(parts.join(''))),
);

const failsCleanly = (parse: (bytes: Buffer) => unknown, bytes: Buffer) => {
  try {
    parse(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(ParseError);
  }
};

describe.each(parsers)('%s', (_, parse, example) => {
  test('parses its example', () => expect(() => parse(Buffer.from(example, 'latin1'))).not.toThrow());

  test('cut off anywhere, it gives what is whole, or a ParseError', () => {
    const whole = Buffer.from(example, 'latin1');
    for (let length = 0; length < whole.length; length += 1) failsCleanly(parse, whole.subarray(0, length));
  });

  test('garbage is a ParseError at worst', () => {
    fc.assert(
      fc.property(garbage, bytes => failsCleanly(parse, bytes)),
      { numRuns: 300 },
    );
  });

  test('an example with damaged bytes is a ParseError at worst', () => {
    const damage = fc.array(fc.tuple(fc.nat({ max: example.length - 1 }), fc.integer({ min: 0, max: 255 })), { maxLength: 5 });
    fc.assert(
      fc.property(damage, changes => {
        const bytes = Buffer.from(example, 'latin1');
        for (const [at, byte] of changes) bytes[at] = byte;
        failsCleanly(parse, bytes);
      }),
      { numRuns: 300 },
    );
  });
});
