import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '@galileo/testkit';
import { expect, test } from 'vitest';
import { logTail } from './log-tail.ts';

test.each<[string, string, number, string]>([
  ['nothing new', 'old\n', 4, ''],
  ['only what came after the beginning', 'old\nnew\n', 4, 'new'],
  ['only the last lines', 'a\nb\nc\nd\n', 0, 'b\nc\nd'],
  ['the message of a JSON line', '{"level":30,"msg":"ready"}\nplain\n', 0, 'ready\nplain'],
  ['its error as well', '{"msg":"failed","err":{"message":"disk is full"}}\n', 0, 'failed: disk is full'],
  ['a JSON line without a message, and half a line, as they are', '{"a":1}\n{"msg":"cut o', 0, '{"a":1}\n{"msg":"cut o'],
])('%s', async (_, text, from, expected) => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'log');
  await writeFile(path, text);
  expect(await logTail(path, from, 3)).toBe(expected);
});
