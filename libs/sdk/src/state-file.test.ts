import { writeFile } from 'node:fs/promises';
import { temporaryDirectory } from '@galileo/testkit';
import { expect, test } from 'vitest';
import { isAlive, readState, stateFile } from './state-file.ts';

const older = { address: '127.0.0.1:1', token: 't', pid: 1, version: '0.1.0' };
const whole = { ...older, recorder: '127.0.0.1:2' };

test.each<[string, string, unknown]>([
  ['a whole state', JSON.stringify(whole), whole],
  ['one that has more in it', JSON.stringify({ ...whole, more: 1 }), { ...whole, more: 1 }],
  ['one of an older standalone', JSON.stringify({ ...whole, recorder: undefined }), older],
  ['half a file', JSON.stringify(whole).slice(0, 30), undefined],
  ['an empty file', '', undefined],
  ['something else', '[1]', undefined],
  ['a pid that is none', JSON.stringify({ ...whole, pid: 'x' }), undefined],
])('%s', async (_, text, expected) => {
  await using directory = await temporaryDirectory();
  await writeFile(stateFile(directory.path), text);
  expect(await readState(directory.path)).toEqual(expected);
});

test('no file is no state', async () => {
  await using directory = await temporaryDirectory();
  expect(await readState(directory.path)).toBeUndefined();
});

test('this process is alive, a number that the kernel never gives is not', () => {
  expect(isAlive(process.pid)).toBe(true);
  expect(isAlive(2 ** 30)).toBe(false);
});
