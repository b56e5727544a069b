import { existsSync, mkdtempSync, rmSync } from 'node:fs';

/**
 * The user's runtime directory as the tests see it: one in memory for this run alone, so that what services leave in their
 * spools when a test kills them goes with it. Where there is no such memory they take what the system has.
 */
export const testRuntimeDirectory = existsSync('/dev/shm') ? mkdtempSync('/dev/shm/galileo-tests-') : '';

process.on('exit', () => {
  if (testRuntimeDirectory !== '') rmSync(testRuntimeDirectory, { recursive: true, force: true });
});
