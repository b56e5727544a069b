import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bucketOf } from '../tally.ts';
import { contentsOf, emptyContents, identityOf, missingFrom } from './contents.ts';
import type { SpooledRecord } from './segment-format.ts';
import { choose, type Wanted } from './wanted.ts';

test.each([
  ['trace', 'galileo/results/traces', '0123456789abcdef:17,w:pi:0,pi,1,1,1,200,,,,', '0123456789abcdef', 17],
  ['trace', 'galileo/results/traces', 'a:b:3,w:pi:0,pi,1,1,1,200,,,,', 'a:b', 3],
  ['trace', 'galileo/results/traces', 'no id', '', 0],
  ['telemetry', 'telem/node-1/cpu', '1700000004.9999998 1', 'node-1', 1700000000],
  ['telemetry', 'telem/node-1/rx/eth0/x', '1700000005.0000000 1', 'node-1', 1700000005],
  ['telemetry', 'telem/node-1/cpu', 'nan 1', 'node-1', 0],
  ['event', 'galileo/events', '1700000009.25 began pi', '', 1700000005],
  ['event', 'galileo/events', '1.7e9 began', '', 1700000000],
] as const)('a %s on %s, %j, is found by %j and %d', (kind, channel, line, source, number) => {
  expect(identityOf(kind, channel, line)).toEqual({ kind, source, number });
});

const recordArbitrary = fc
  .record({ kind: fc.constantFrom('trace' as const, 'telemetry' as const, 'event' as const), source: fc.nat(2), n: fc.nat(40) })
  .map(({ kind, source, n }): SpooledRecord => {
    if (kind === 'trace') return { position: 0, kind, channel: 'galileo/results/traces', line: `token-${source}:${n + 1},c,s` };
    if (kind === 'event') return { position: 0, kind, channel: 'galileo/events', line: `${n}.5 e${source}` };
    return { position: 0, kind, channel: `telem/node-${source}/cpu`, line: `${n}.5000000 1` };
  });
const recordsArbitrary = fc.array(recordArbitrary, { maxLength: 60 });
const distinct = (records: readonly SpooledRecord[]) => [
  ...new Map(records.map(one => [`${one.channel} ${one.line}`, one])).values(),
];

test('what is missing from a part is what was taken out of it', () => {
  fc.assert(
    fc.property(recordsArbitrary, fc.array(fc.boolean(), { minLength: 60, maxLength: 60 }), (list, take) => {
      const records = distinct(list);
      const missing = missingFrom(contentsOf(records), contentsOf(records.filter((_, i) => !take[i])));
      const taken = records.filter((_, i) => take[i]);
      const all = missingFrom(contentsOf(taken), emptyContents());
      expect(missing.records).toBe(taken.length);
      expect(missing.traces).toEqual(all.traces);
      expect(new Set(missing.buckets)).toEqual(new Set(all.buckets));
      const count = missing.buckets.reduce((sum, bucket) => sum + bucket.count, 0);
      expect(count).toBe(taken.filter(({ kind }) => kind !== 'trace').length);
    }),
  );
});

const wantedArbitrary: fc.Arbitrary<Wanted> = fc.oneof(
  fc.record({
    kind: fc.constant('trace' as const),
    token: fc.constantFrom('token-0', 'token-1', 'token-x'),
    counters: fc.constantFrom([1, 1], [3, 7, 12, 12], [41, 99]),
  }),
  fc.record({
    kind: fc.constant('telemetry' as const),
    node: fc.constantFrom('node-0', 'node-1'),
    begin: fc.constantFrom(0, 5, 20),
  }),
  fc.record({ kind: fc.constant('event' as const), begin: fc.constantFrom(0, 15, 90) }),
);

test('what is wanted is chosen, and looked for only where it may be', () => {
  const isWanted = (wanted: readonly Wanted[], record: SpooledRecord) =>
    wanted.some(one => {
      if (one.kind !== record.kind) return false;
      if (one.kind === 'trace') {
        const [token, rest] = record.line.split(':');
        const counter = Number(rest!.split(',')[0]);
        const inRange = (first: number, i: number) => i % 2 === 0 && counter >= first && counter <= one.counters[i + 1]!;
        return token === one.token && one.counters.some(inRange);
      }
      const inBucket = bucketOf(Number(record.line.split(' ')[0])) === one.begin;
      return inBucket && (one.kind === 'event' || record.channel.startsWith(`telem/${one.node}/`));
    });
  fc.assert(
    fc.property(recordsArbitrary, fc.array(wantedArbitrary, { maxLength: 4 }), (records, wanted) => {
      const choice = choose(wanted);
      const chosen = records.filter(choice.holds);
      expect(chosen).toEqual(records.filter(record => isWanted(wanted, record)));
      expect(choice.mayBeIn(contentsOf(records))).toBe(chosen.length > 0);
    }),
  );
});
