import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { listenForInterrupts } from './interrupts.ts';

test.each<[string, [name: 'SIGINT' | 'SIGTERM', at: number][], boolean, boolean]>([
  ['no signal aborts nothing', [], false, false],
  ['the first Ctrl-C asks to stop', [['SIGINT', 0]], true, false],
  ['SIGTERM asks to stop as well', [['SIGTERM', 0]], true, false],
  [
    'the same Ctrl-C passed on by npm is not a second one',
    [
      ['SIGINT', 0],
      ['SIGINT', 999],
    ],
    true,
    false,
  ],
  [
    'a later one ends the waiting',
    [
      ['SIGINT', 0],
      ['SIGINT', 999],
      ['SIGINT', 1000],
    ],
    true,
    true,
  ],
  [
    'whatever its kind',
    [
      ['SIGINT', 0],
      ['SIGTERM', 5000],
    ],
    true,
    true,
  ],
])('%s', (_, signals, first, second) => {
  const emitter = new EventEmitter();
  let now = 0;
  const interrupts = listenForInterrupts(emitter, () => now);
  for (const [name, at] of signals) {
    now = at;
    emitter.emit(name);
  }
  expect([interrupts.first.aborted, interrupts.second.aborted]).toEqual([first, second]);
});
