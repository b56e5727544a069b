// npm test: the checks, then all tests. Arguments go to vitest: `npm test -- services/client`.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runChecks } from './check.ts';
import { environment, type Outcome, root, summaryLine } from './steps.ts';

interface VitestReport {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTotalTests: number;
  testResults: { name: string; status: string; assertionResults: { fullName: string; status: string }[] }[];
}

/** Runs vitest and counts from its own JSON report; a test file that could not even start counts as a failure. */
async function runTests(args: readonly string[]): Promise<Outcome> {
  const scratch = await mkdtemp(join(tmpdir(), 'galileo-report-'));
  try {
    const file = join(scratch, 'report.json');
    const child = spawn('vitest', ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`, ...args], {
      cwd: root,
      env: environment,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const code = await new Promise(resolve => child.on('close', resolve));
    const report = JSON.parse(await readFile(file, 'utf8')) as VitestReport;
    const broken = report.testResults.filter(
      result => result.status === 'failed' && result.assertionResults.every(a => a.status !== 'failed'),
    );
    const outcome: Outcome = {
      passed: report.numPassedTests,
      failed: report.numFailedTests + broken.length,
      skipped: report.numTotalTests - report.numPassedTests - report.numFailedTests,
    };
    for (const result of report.testResults) {
      for (const test of result.assertionResults) {
        if (test.status !== 'passed' && test.status !== 'failed') console.log(`skipped: ${test.fullName}`);
      }
    }
    if (code !== 0 && outcome.failed === 0) outcome.failed = 1;
    return outcome;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

const args = process.argv.slice(2);
const outcome: Outcome = { passed: 0, failed: 0, skipped: 0 };
for (const part of [args.length === 0 ? await runChecks() : undefined, await runTests(args)]) {
  outcome.passed += part?.passed ?? 0;
  outcome.failed += part?.failed ?? 0;
  outcome.skipped += part?.skipped ?? 0;
}
if (outcome.skipped > 0)
  console.log('what a skipped test needs is in its name; `npm run setup:servers` installs it (as root on Debian or Ubuntu)');
console.log(summaryLine(outcome));
process.exitCode = outcome.failed > 0 ? 1 : 0;
