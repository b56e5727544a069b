import { ExperimentStatus } from '@galileo/proto/orchestrator';
import { expect, test } from 'vitest';
import { sampleReport } from '../test/sample-report.ts';
import { exitCodeOf } from './exit-codes.ts';

const { FINISHED, FAILED, CANCELLED, RUNNING } = ExperimentStatus;

test.each([
  ['a valid run whose thresholds hold', FINISHED, true, [true, true], 0],
  ['a valid run without thresholds', FINISHED, true, [], 0],
  ['one threshold of two failed', FINISHED, true, [true, false], 3],
  ['an invalid run', FINISHED, false, [true], 4],
  ['invalid outranks failed thresholds', FINISHED, false, [false], 4],
  ['a failed run, whatever its figures say', FAILED, false, [false], 1],
  ['a cancelled run', CANCELLED, false, [], 130],
  ['a run whose end is not known', RUNNING, true, [], 1],
])('%s', (_, status, valid, passed, code) => {
  const report = sampleReport({
    experiment: { ...sampleReport().experiment!, status },
    verdict: { valid, reasons: valid ? [] : ['a reason'] },
    thresholds: passed.map(held => ({ expression: 'errors < 1%', value: 0, passed: held, measured: true })),
  });
  expect(exitCodeOf(report)).toBe(code);
});

test('a report without a verdict is not a valid one', () => {
  expect(exitCodeOf(sampleReport({ verdict: undefined }))).toBe(4);
});
