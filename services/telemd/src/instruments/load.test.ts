import { temporaryDirectory } from '@galileo/testkit';
import { expect, test } from 'vitest';
import { readOnce, sourcesAt, writeTree } from '../../test/sources.ts';
import { load, parseLoad } from './load.ts';

test('the averages over 1 and 5 minutes', async () => {
  await using directory = await temporaryDirectory();
  await writeTree(directory.path, { 'proc/loadavg': '0.52 12.03 0.59 2/345 12345\n' });
  using instrument = load.open(sourcesAt(directory.path));
  expect(readOnce(instrument).values).toEqual({ load1: 0.52, load5: 12.03 });
});

test('a damaged file is an error', () => {
  for (const text of ['', '0.52', '0.52 x 0.59 2/345 1\n', '0.52 0.58 0.59']) {
    expect(() => parseLoad(Buffer.from(text)), text).toThrow();
  }
});
