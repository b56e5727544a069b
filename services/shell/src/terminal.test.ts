import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { createTerminal } from './terminal.ts';

/** A stream that keeps what is written. */
function stream(properties: { isTTY?: boolean; columns?: number }) {
  const written: string[] = [];
  const write = (text: string) => written.push(text) > 0;
  return Object.assign(new EventEmitter(), { write, written, ...properties });
}

test.each<[string, boolean, Record<string, string>, boolean, boolean]>([
  ['a terminal has colour and a live line', true, { TERM: 'xterm' }, true, true],
  ['a file or a pipe has neither', false, { TERM: 'xterm' }, false, false],
  ['NO_COLOR takes the colour only', true, { NO_COLOR: '1' }, false, true],
  ['an empty NO_COLOR does not count', true, { NO_COLOR: '' }, true, true],
  ['a dumb terminal has neither', true, { TERM: 'dumb' }, false, false],
])('%s', (_, isTTY, env, colour, live) => {
  const terminal = createTerminal(stream({ isTTY }), stream({ isTTY }), env);
  expect([terminal.outColour, terminal.errColour, terminal.live]).toEqual([colour, colour, live]);
});

test('the width is that of the terminal at that moment, and 100 where there is none', () => {
  const out = stream({ isTTY: true, columns: 80 });
  const terminal = createTerminal(out, stream({}), {});
  out.columns = 120;
  expect([terminal.outWidth(), terminal.errWidth()]).toEqual([120, 100]);
});

test('once the reader has gone nothing more is written', () => {
  const out = stream({});
  const terminal = createTerminal(out, stream({}), {});
  terminal.out('one');
  out.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
  terminal.out('two');
  expect(out.written).toEqual(['one']);
  expect(() => out.emit('error', new Error('disk is full'))).toThrow('disk is full');
});
