import { expect, test } from 'vitest';
import { createLog } from './log.ts';
import { createRefusals } from './refusals.ts';

function record() {
  const clock = { now: 0 };
  const lines: Record<string, unknown>[] = [];
  const log = createLog('test', 'INFO', { write: line => void lines.push(JSON.parse(line)) });
  return { clock, lines, refusals: createRefusals(log, () => clock.now) };
}

test('a host is told of once per reason in a minute, with the number of times that were left out', () => {
  const { clock, lines, refusals } = record();
  for (const port of [1, 2, 3]) refusals.connection(`h:${port}`, 'r');
  refusals.connection('h:4', 'other');
  refusals.call('i:1', '/m', 'r');
  clock.now = 60_000;
  refusals.connection('h:5', 'r');
  expect(lines.map(({ peer, reason, repeated }) => [peer, reason, repeated])).toEqual([
    ['h:1', 'r', undefined],
    ['h:4', 'other', undefined],
    ['i:1', 'r', undefined],
    ['h:5', 'r', 2],
  ]);
});

test('a vague reason is left out where a better one was told', () => {
  const { lines, refusals } = record();
  refusals.vague('h:1', 'vague');
  refusals.vague('h:2', 'vague');
  refusals.connection('i:1', 'good');
  refusals.vague('i:2', 'vague');
  expect(lines.map(({ peer, reason }) => [peer, reason])).toEqual([
    ['h:1', 'vague'],
    ['i:1', 'good'],
  ]);
});
