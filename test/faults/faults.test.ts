import { DatabaseSync } from 'node:sqlite';
import type { LedgerEntry } from '@galileo/proto/recorder';
import { kindNumber } from '@galileo/reconcile';
import { missing, until } from '@galileo/testkit';
import { describe, expect, test } from 'vitest';
import { type Evidence, gatherEvidence, problemsOf } from './audit.ts';
import { describeResult, play } from './play.ts';
import { chosenSeed } from './random.ts';
import { startRig } from './rig.ts';
import { type Promised, scenarios, short } from './scenarios.ts';

const lacking = missing('redis-server') || missing('prlimit');
const seed = chosenSeed();

describe.skipIf(lacking)('faults under load (needs redis-server, prlimit)', () => {
  const chosen = scenarios.filter(({ alsoShort }) => alsoShort);
  test.each(chosen)(
    '$name, $promised: $what',
    async scenario => {
      const result = await play(scenario, seed, short);
      console.log(describeResult(result));
      expect(result.problems, `GALILEO_SEED=${seed} npm run test:faults -- ${scenario.name}`).toEqual([]);
    },
    150_000,
  );

  test('rows that are deleted behind the recorder’s back are named', async () => {
    await using rig = await startRig({ seed, spoolBytes: 2 ** 26, publisherBytes: 2 ** 26 });
    await rig.rest();
    using database = new DatabaseSync(rig.store);
    database.exec('PRAGMA busy_timeout = 10000');
    const remove = (table: string, key: string) => {
      const first = `SELECT MIN(rowid) FROM ${table}`;
      const statement = database.prepare(`DELETE FROM ${table} WHERE rowid = (${first}) RETURNING ${key} AS key`);
      return until(`a row of ${table} is stored`, () => statement.get()?.['key'] as string | undefined);
    };
    const requestId = await remove('traces', 'REQUEST_ID');
    const node = await remove('telemetry', 'NODE');
    const ledger = await rig.stop(30);
    const problems = problemsOf(gatherEvidence(rig, ledger), 'nothing lost');
    const named = (text: string) => expect.arrayContaining([expect.stringContaining(text)]);
    expect(problems).toEqual(named(`: counters ${requestId.split(':')[1]} are gone`));
    expect(problems).toEqual(named(`mismatch: telemetry of ${node}: `));
    expect(problems).toEqual(named('made, but not there: 2, such as '));
    await rig.end();
  }, 60_000);
});

describe('the audit', () => {
  const entry: LedgerEntry = {
    kind: kindNumber('event'),
    produced: 2,
    stored: 2,
    rejected: 0,
    lost: 0,
    unverified: 0,
    unsettled: 0,
  };
  const [one, other] = ['event 1.5 up', 'event 2.5 down'];
  const run = { producerId: 'telemd/a/1', files: '', killed: false, wiped: false };
  const sound = {
    entry,
    final: true,
    mismatches: [] as string[],
    missingProducers: [] as string[],
    run,
    intended: [one, other],
    kept: [one, other],
    stored: [one, other],
    rejected: [] as string[],
  };
  const audit = (changes: Partial<typeof sound>, promised: Promised = 'nothing lost') => {
    const { entry, final, mismatches, missingProducers, run, intended, kept, stored, rejected } = { ...sound, ...changes };
    const ledger = { entries: [entry], final, mismatches, missingProducers };
    const evidence: Evidence = { ledger, made: [{ run, intended, kept }], stored, rejected };
    return problemsOf(evidence, promised);
  };

  test.each<[string, Partial<typeof sound>, Promised, string]>([
    ['a row too few', { stored: [one] }, 'nothing lost', 'event: 2 stored, but 1 rows'],
    ['a row twice', { stored: [one, other, other] }, 'nothing lost', 'there more than once: 1, such as event 2.5 down'],
    ['a row of nobody', { stored: [one, 'event 3 x'] }, 'nothing lost', 'there, but nobody made it: 1, such as event 3 x'],
    ['a loss', { entry: { ...entry, lost: 1 } }, 'nothing lost', 'event: 1 lost, but nothing should be'],
    ['a loss that is none', { entry: { ...entry, lost: 1 } }, 'declared', 'event: 1 lost, but 0 are absent'],
    [
      'a sum that is wrong',
      { entry: { ...entry, produced: 3 } },
      'declared',
      'event: 3 produced, but 2 stored + 0 rejected + 0 lost',
    ],
    [
      'more than was made',
      { entry: { ...entry, produced: 3 } },
      'nothing lost',
      'event: 3 produced, but its producers made 2 to 2',
    ],
    [
      'less than was kept',
      { entry: { ...entry, produced: 1 } },
      'nothing lost',
      'event: 1 produced, but its producers made 2 to 2',
    ],
    [
      'a rejection without a dead letter',
      { entry: { ...entry, rejected: 1 } },
      'declared',
      'event: 1 rejected, but 0 dead letters',
    ],
    ['a mismatch', { mismatches: ['odd'] }, 'nothing lost', 'mismatch: odd'],
    ['a ledger that is not final', { final: false }, 'nothing lost', 'final is false, but missing producers are: '],
    [
      'a producer that is missing',
      { final: false, missingProducers: [run.producerId] },
      'nothing lost',
      'missing producers are: telemd/a/1; they should be: ',
    ],
    [
      'a claim about what nobody knows',
      { run: { ...run, killed: true, wiped: true } },
      'no false claim',
      'missing producers are: ; they should be: telemd/a/1',
    ],
  ])('names %s', (_, changes, promised, problem) => {
    expect(audit({})).toEqual([]);
    expect(audit(changes, promised)).toContain(problem);
  });
});
