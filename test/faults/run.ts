// npm run test:faults [-- <name> …]: the fault tests of lossless recording in full length, all or those named.
// GALILEO_SEED=… repeats one.
import { missing } from '@galileo/testkit';
import { describeResult, play } from './play.ts';
import { chosenSeed } from './random.ts';
import { full, type Scenario, scenarios } from './scenarios.ts';

/** Seconds after which a scenario hangs, beyond all time-outs in it. */
const deadline = 240;

async function runAll(chosen: readonly Scenario[]): Promise<number> {
  const seed = chosenSeed();
  const failed: string[] = [];
  for (const scenario of chosen) {
    const late = setTimeout(() => {
      console.log(`✗ ${scenario.name}: not over within ${deadline} s; seed ${seed}\n0 passed, 1 failed`);
      // What it has started ends with this process.
      process.exit(1);
    }, deadline * 1000);
    const result = await play(scenario, seed, full);
    clearTimeout(late);
    if (result.problems.length > 0) failed.push(scenario.name);
    console.log(`${describeResult(result)}\n`);
  }
  if (failed.length > 0) console.log(`to repeat: GALILEO_SEED=${seed} npm run test:faults -- ${failed.join(' ')}`);
  console.log(`${chosen.length - failed.length} passed, ${failed.length} failed`);
  return failed.length > 0 ? 1 : 0;
}

const names = process.argv.slice(2);
const known = scenarios.map(({ name }) => name);
const unknown = names.filter(name => !known.includes(name));
const lacking = ['redis-server', 'prlimit'].filter(missing);
if (unknown.length > 0) {
  console.error(`scenario: found ${unknown.join(', ')}; allowed: ${known.join(', ')}`);
  process.exitCode = 2;
} else if (lacking.length > 0) {
  console.error(`${lacking.join(' and ')} not found; \`npm run setup:servers\` installs Redis, util-linux has prlimit`);
  process.exitCode = 1;
} else {
  const chosen = scenarios.filter(({ name }) => names.length === 0 || names.includes(name));
  // What was cut off and never answered must not keep this process.
  process.exit(await runAll(chosen));
}
