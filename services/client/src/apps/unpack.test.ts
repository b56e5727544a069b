import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '@galileo/testkit';
import { describe, expect, it } from 'vitest';
import { type ZipEntry, zipOf } from '../../test/zip.ts';
import { ArchiveError, unpack } from './unpack.ts';

const limits = { entries: 20, bytes: 10_000 };

describe('unpack', () => {
  it('makes the files and directories of a zip', async () => {
    await using directory = await temporaryDirectory();
    const archive = zipOf([
      { name: 'manifest.yml', data: 'name: a\n' },
      { name: 'empty/', mode: 0o040755 },
      { name: 'data/deep/words.txt', data: 'x'.repeat(5000) },
    ]);
    await unpack(archive, directory.path, limits);
    expect(await readFile(join(directory.path, 'manifest.yml'), 'utf8')).toBe('name: a\n');
    expect(await readFile(join(directory.path, 'data/deep/words.txt'), 'utf8')).toHaveLength(5000);
    expect((await readdir(directory.path)).toSorted()).toEqual(['data', 'empty', 'manifest.yml']);
  });

  const hostile: readonly [sentence: string, entries: readonly ZipEntry[], message: RegExp][] = [
    ['leaves the folder upwards', [{ name: '../x' }], /invalid relative path: \.\.\/x/],
    ['leaves it from within', [{ name: 'a/../../x' }], /invalid relative path: a\/\.\.\/\.\.\/x/],
    ['has an absolute path', [{ name: '/etc/x' }], /absolute path: \/etc\/x/],
    ['has a drive letter', [{ name: 'C:/x' }], /absolute path: C:\/x/],
    ['has a drive letter without a slash', [{ name: 'C:x' }], /absolute path: C:x/],
    ['has a colon', [{ name: 'ab:x' }], /found the entry "ab:x"; allowed: names without colon/],
    ['has a backslash', [{ name: '..\\x' }], /invalid characters in fileName: \.\.\\x/],
    ['has NUL in a name', [{ name: 'a\0b' }], /found the entry "a\\u0000b"/],
    ['is a symbolic link', [{ name: 'l', data: '/etc/passwd', mode: 0o120777 }], /found the entry "l", a symbolic link/],
    ['is a pipe', [{ name: 'p', mode: 0o010644 }], /found the entry "p", a special file/],
    ['comes twice', [{ name: 'a' }, { name: 'a' }], /found two entries of one name/],
    ['is a file and a directory', [{ name: 'a' }, { name: 'a/b' }], /found two entries of one name/],
    ['is too big', [{ name: 'a', data: 'x'.repeat(10_001) }], /found more than 10000 bytes in it; allowed: up to 10000/],
    ['makes it too big together', [1, 2, 3].map(n => ({ name: `${n}`, data: 'x'.repeat(4000) })), /found more than 10000 bytes/],
    ['is bigger than it says', [{ name: 'a', data: Buffer.alloc(1_000_000), claims: 10 }], /too many bytes in the stream/],
    ['is smaller than it says', [{ name: 'a', data: 'x', claims: 10 }], /not enough bytes in the stream/],
    ['is one too many', Array.from({ length: 21 }, (_, n) => ({ name: `${n}` })), /found 21 entries; allowed: up to 20/],
  ];
  for (const [sentence, entries, message] of hostile) {
    it(`refuses a zip with an entry that ${sentence}`, async () => {
      await using directory = await temporaryDirectory();
      const inner = join(directory.path, 'inner');
      await mkdir(inner);
      const unpacked = unpack(zipOf(entries), inner, limits);
      await expect(unpacked).rejects.toThrow(ArchiveError);
      await expect(unpacked).rejects.toThrow(message);
      // Whatever was unpacked lies within.
      expect(await readdir(directory.path)).toEqual(['inner']);
    });
  }

  const good = zipOf([{ name: 'a', data: 'text' }]);
  const broken: readonly [sentence: string, archive: Buffer][] = [
    ['nothing', Buffer.alloc(0)],
    ['text', Buffer.from('<html>not found</html>')],
    ['half a zip', good.subarray(0, good.length - 30)],
    ['a zip whose data is garbled', Buffer.concat([good.subarray(0, 31), Buffer.from([0xff, 0xff, 0xff]), good.subarray(34)])],
  ];
  for (const [sentence, archive] of broken) {
    it(`refuses ${sentence}`, async () => {
      await using directory = await temporaryDirectory();
      await expect(unpack(archive, directory.path, limits)).rejects.toThrow(ArchiveError);
    });
  }
});
