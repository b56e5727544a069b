import { expect, it } from 'vitest';
import { readCorpus } from './corpus.ts';
import { fuzz } from './fuzzing.ts';

it('tells the same however random messages are cut, and what node:http tells', async () => {
  const seed = Number(process.env['GALILEO_TEST_SEED'] ?? 1);
  const result = await fuzz({ seed, corpus: readCorpus(), goesOn: executions => executions < 3000 });
  console.log(`seed ${seed}: ${result.executions} executions`);
  expect(result.findings, `seed ${seed}`).toEqual([]);
});
