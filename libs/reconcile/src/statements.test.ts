import { RecordKind, Statement } from '@galileo/proto/recorder';
import { expect, test } from 'vitest';
import { statementProblem } from './statements.ts';

const sum = Buffer.alloc(8);
const rows = [
  ['an empty statement is fine', {}, undefined],
  ['a client needs a token', { clients: [{ clientId: 'c', first: 1, settledBelow: 2 }] }, 'without a token'],
  ['counters begin at 1', { clients: [{ token: 't', first: 0, settledBelow: 2 }] }, 'found first 0'],
  ['what is settled begins at first', { clients: [{ token: 't', first: 5, settledBelow: 2 }] }, 'settled_below 2'],
  [
    'ranges are ordered',
    { clients: [{ token: 't', first: 1, settledBelow: 2, unrecorded: [{ first: 4, last: 3 }] }] },
    'range [4, 3]',
  ],
  ['traces have no buckets', { buckets: [{ kind: RecordKind.TRACE, begin: 5, hashSum: sum }] }, 'found kind 1'],
  ['buckets begin at multiples of 5', { buckets: [{ kind: RecordKind.EVENT, begin: 7, hashSum: sum }] }, 'found begin 7'],
  ['NaN is no begin', { buckets: [{ kind: RecordKind.EVENT, begin: Number.NaN, hashSum: sum }] }, 'found begin NaN'],
  ['a sum has 8 bytes', { buckets: [{ kind: RecordKind.EVENT, begin: 5, hashSum: Buffer.alloc(3) }] }, '3 bytes'],
  ['losses have a kind', { lost: [{ kind: RecordKind.UNSPECIFIED, count: 1 }] }, 'found kind 0'],
] as const;

test.each(rows)('%s', (_sentence, statement, problem) => {
  const found = statementProblem(Statement.fromPartial(statement as never));
  if (problem === undefined) expect(found).toBeUndefined();
  else expect(found).toContain(problem);
});
