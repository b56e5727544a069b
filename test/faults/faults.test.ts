import { DatabaseSync } from 'node:sqlite';
import { missing } from '@galileo/testkit';
import { describe, expect, test } from 'vitest';
import { gatherEvidence, problemsOf } from './audit.ts';
import { describeResult, play } from './play.ts';
import { chosenSeed } from './random.ts';
import { startRig } from './rig.ts';
import { scenarios, short } from './scenarios.ts';

const lacking = ['redis-server', 'prlimit'].filter(missing);
const seed = chosenSeed();

describe.skipIf(lacking.length > 0)('faults under load (needs redis-server, prlimit)', () => {
  test.each(scenarios.filter(({ alsoShort }) => alsoShort))(
    '$name: $what',
    async scenario => {
      const result = await play(scenario, seed, short);
      console.log(describeResult(result));
      expect(result.problems, `GALILEO_SEED=${seed} npm run test:faults -- ${scenario.name}`).toEqual([]);
    },
    180_000,
  );

  test('a row that is deleted behind the back is named by the ledger and by the audit', async () => {
    await using rig = await startRig({ seed, spoolBytes: 2 ** 26, publisherBytes: 2 ** 26 });
    await rig.rest();
    const { promise: stored, resolve } = Promise.withResolvers<void>();
    const timer = setInterval(() => {
      using database = new DatabaseSync(rig.store);
      database.exec('PRAGMA busy_timeout = 5000');
      const { changes } = database.prepare('DELETE FROM traces WHERE rowid = (SELECT MIN(rowid) FROM traces)').run();
      if (changes === 1) resolve();
    }, 100);
    await stored;
    clearInterval(timer);
    const ledger = await rig.stop(60);
    expect(ledger.mismatches.join('\n')).toMatch(/traces: \d+ produced, \d+ stored, 0 rejected, 0 lost: 1 missing/);
    expect(problemsOf(gatherEvidence(rig, ledger), 'nothing lost').join('\n')).toMatch(/made, but not there: 1, such as trace /);
  }, 120_000);
});
