import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '@galileo/testkit';
import { expect, test } from 'vitest';
import { lastLines, withLastLines } from './output-tail.ts';

test('the last lines of a file of any size', async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'x.log');
  const lines = Array.from({ length: 5000 }, (_, index) => `line ${index}`);
  await writeFile(path, `${lines.join('\n')}\n`);
  expect(await lastLines(path, 3)).toEqual(['line 4997', 'line 4998', 'line 4999']);
  await writeFile(path, 'one\r\ntwo');
  expect(await lastLines(path, 3)).toEqual(['one', 'two']);
  expect(await lastLines(join(directory.path, 'none'), 3)).toEqual([]);
});

test('a message with the last lines says so when there are none', async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'x.log');
  expect(await withLastLines('it ended', path)).toBe('it ended; it had printed nothing');
  await writeFile(path, 'a\nb\n');
  expect(await withLastLines('it ended', path)).toBe('it ended; its last output:\n  | a\n  | b');
});
