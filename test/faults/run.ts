// npm run test:faults [-- <name> …]: the fault tests of lossless recording in full length, all or those named.
// GALILEO_SEED=… repeats one.
import { missing } from '@galileo/testkit';
import { describeResult, play } from './play.ts';
import { chosenSeed } from './random.ts';
import { full, scenarios } from './scenarios.ts';

const names = process.argv.slice(2);
const known = scenarios.map(({ name }) => name);
const unknown = names.filter(name => !known.includes(name));
const lacking = ['redis-server', 'prlimit'].filter(missing);

async function runAll(): Promise<void> {
  const seed = chosenSeed();
  const chosen = scenarios.filter(({ name }) => names.length === 0 || names.includes(name));
  let failed = 0;
  for (const scenario of chosen) {
    const result = await play(scenario, seed, full);
    if (result.problems.length > 0) failed++;
    console.log(`${describeResult(result)}\n`);
  }
  if (failed > 0) console.log(`GALILEO_SEED=${seed} npm run test:faults repeats what has failed`);
  console.log(`${chosen.length - failed} passed, ${failed} failed`);
  // What was cut off and never answered must not keep this process.
  process.exit(failed > 0 ? 1 : 0);
}

if (unknown.length > 0) {
  console.error(`scenario: found ${unknown.join(', ')}; allowed: ${known.join(', ')}`);
  process.exitCode = 2;
} else if (lacking.length > 0) {
  console.error(`${lacking.join(' and ')} not found; \`npm run setup:servers\` installs Redis, util-linux has prlimit`);
  process.exitCode = 1;
} else await runAll();
