// Everything that is checked without running the product. Prints one line per check and ends with `N passed, N failed`.
import { pathToFileURL } from 'node:url';
import { type Outcome, runStep, summaryLine } from './steps.ts';

/** Name and command of each check. */
const checks: readonly (readonly [string, readonly string[]])[] = [
  ['format and lint (biome)', ['biome', 'check', '--error-on-warnings', '.']],
  ['types (tsc)', ['tsc', '--project', '.']],
  ['unused files, exports and dependencies (knip)', ['knip']],
  ['import directions (dependency-cruiser)', ['depcruise', '--config', '.dependency-cruiser.mjs', 'libs', 'services']],
  ['proto lint (buf)', ['buf', 'lint', 'proto']],
  ['proto breaking changes (buf)', ['buf', 'breaking', 'proto', '--against', 'proto/baseline.binpb']],
  ['README tables', ['node', 'tools/readme.ts', '--check']],
];

/** Runs all checks, one after the other. */
export async function runChecks(): Promise<Outcome> {
  const outcome = { passed: 0, failed: 0, skipped: 0 };
  for (const [name, command] of checks) {
    if (await runStep(name, command)) outcome.passed++;
    else outcome.failed++;
  }
  return outcome;
}

if (import.meta.url === pathToFileURL(process.argv[1]!).href) {
  const outcome = await runChecks();
  console.log(summaryLine(outcome));
  process.exitCode = outcome.failed > 0 ? 1 : 0;
}
