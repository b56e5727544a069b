import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { temporaryDirectory } from '@galileo/testkit';
import { describe, expect, it } from 'vitest';
import { simulateSystem } from './simulated-system.ts';
import { counters, needs, open, range, segmentsIn, stateOf, token, write } from './spool-fixture.ts';

const run = (program: string, ...args: string[]) => execFileSync(program, args, { stdio: 'pipe' });
const mount = (directory: string, size: string) => run('mount', '-t', 'tmpfs', '-o', `size=${size}`, 'galileo-test', directory);

function mountWorks(): boolean {
  const directory = mkdtempSync(join(tmpdir(), 'galileo-test-'));
  try {
    mount(directory, '64k');
    run('umount', directory);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describe('a full disk', () => {
  it('keeps no record from being published; one line tells when it begins and when it ends', () => {
    const system = simulateSystem();
    const { spool, messages, dropped } = open('/spool', { system });
    write(spool, 1, 20);
    system.leaveRoom(0);
    for (let n = 21; n <= 60; n++) write(spool, n, n);
    expect(spool.notSpooled).toEqual({ trace: 40, telemetry: 0, event: 0 });
    system.leaveRoom(1e6);
    write(spool, 61, 90);
    expect(counters(spool.read())).toEqual([...range(1, 20), ...range(61, 90)]);
    expect(spool.notSpooled.trace).toBe(40);
    expect(messages).toEqual([
      'the spool can not be written: records are published without being kept',
      'the spool is written again',
    ]);
    expect(dropped).toEqual([]);
    spool[Symbol.dispose]();
    system.restart();
    const { spool: next } = open('/spool', { system, producerId: 'client/n/2' });
    expect(counters(next.leftovers()[0]!.read())).toEqual([...range(1, 20), ...range(61, 90)]);
    expect(next.leftovers()[0]!.examine()).toEqual({ records: 50, damage: [], tail: 'whole' });
  });

  it('does not leave half a commit, which a shorter one would leave the end of', () => {
    const system = simulateSystem();
    const { spool } = open('/spool', { system, segmentBytes: 16 * 1024 });
    write(spool, 1, 1);
    for (let room = 0; room < 400; room += 7) {
      const first = spool.next;
      system.leaveRoom(room);
      write(spool, first, first + 3);
      system.leaveRoom(1e6);
      write(spool, first + 4, first + 4);
    }
    const expected = counters(spool.read());
    spool[Symbol.dispose]();
    system.restart();
    const { spool: next } = open('/spool', { system, producerId: 'client/n/2' });
    expect(counters(next.leftovers()[0]!.read())).toEqual(expected);
    expect(next.leftovers()[0]!.examine().damage).toEqual([]);
  });

  it('leaves the last state that was saved', () => {
    const system = simulateSystem();
    const { spool, messages } = open('/spool', { system });
    expect(spool.saveState(stateOf(1))).toBe(true);
    system.leaveRoom(50);
    expect([spool.saveState(stateOf(2)), spool.saveState(stateOf(3))]).toEqual([false, false]);
    system.leaveRoom(1e6);
    expect(messages).toEqual(['the state of the producer can not be saved']);
    spool[Symbol.dispose]();
    system.restart();
    const { spool: next } = open('/spool', { system, producerId: 'client/n/2' });
    expect(next.leftovers()[0]!.state).toEqual(stateOf(1));
    expect(next.saveState(stateOf(4))).toBe(true);
  });

  const canMount = process.platform === 'linux' && process.getuid?.() === 0 && mountWorks();
  it.skipIf(!canMount)('is a small tmpfs, too (needs root and mount)', async () => {
    await using directory = await temporaryDirectory();
    mount(directory.path, '256k');
    try {
      const path = join(directory.path, 'spool');
      const { spool, messages } = open(path, { maxBytes: 1024 * 1024, segmentBytes: 32 * 1024 });
      let n = 0;
      for (; spool.notSpooled.trace === 0; n += 50) write(spool, n + 1, n + 50);
      const kept = counters(spool.read());
      expect(kept.length + spool.notSpooled.trace).toBe(n);
      expect(kept).toEqual(range(1, kept.length));
      spool.release(1000, needs());
      write(spool, n + 1, n + 50);
      expect(counters(spool.read(1000))).toEqual([...range(1000, kept.length), ...range(n + 1, n + 50)]);
      expect(messages).toHaveLength(2);
      spool[Symbol.dispose]();
      const { spool: next } = open(path, { producerId: 'client/n/2' });
      expect(counters(next.leftovers()[0]!.read(1000))).toEqual([...range(1000, kept.length), ...range(n + 1, n + 50)]);
      next[Symbol.dispose]();
    } finally {
      run('umount', '-l', directory.path);
    }
  });
});

const removeAll = (directory: string, names: readonly string[]) => {
  for (const name of names) rmSync(join(directory, name));
};

describe('files that are taken away under a living producer', () => {
  it.each<[string, (path: string) => void]>([
    ['the directory', path => rmSync(path, { recursive: true })],
    ['all files', path => removeAll(path, readdirSync(path))],
    ['all segments', path => removeAll(path, segmentsIn(path))],
    ['the oldest segment', path => rmSync(join(path, segmentsIn(path)[0]!))],
    ['the newest segment', path => rmSync(join(path, segmentsIn(path).at(-1)!))],
  ])('%s: they are written anew and no record is missing', async (_, wipe) => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'spool');
    const { spool, dropped, messages, clock } = open(path);
    write(spool, 1, 50);
    spool.saveState(stateOf(50));
    wipe(path);
    write(spool, 51, 60);
    clock.now += 2;
    spool.commit();
    write(spool, 61, 70);
    expect(counters(spool.read())).toEqual(range(1, 70));
    expect(messages).toEqual(['segments of the spool were removed or cut short, and are written anew']);
    expect(dropped).toEqual([]);
    expect(spool.notSpooled.trace).toBe(0);
    spool[Symbol.dispose]();
    const { spool: next } = open(path, { producerId: 'client/n/2' });
    expect(counters(next.leftovers()[0]!.read())).toEqual(range(1, 70));
    expect(next.leftovers()[0]!.state).toEqual(stateOf(50));
  });

  it('what is cut short is told exactly', async () => {
    await using directory = await temporaryDirectory();
    const { spool, dropped } = open(directory.path);
    write(spool, 1, 40);
    spool.append('telemetry', 'telem/n/cpu', '1700000001.0000000 1');
    spool.append('telemetry', 'telem/n/ram', '1700000001.0000000 1');
    spool.append('event', 'galileo/events', '1700000007.5 e');
    spool.commit();
    const names = segmentsIn(directory.path);
    const kept = new Set(counters(spool.read()));
    // The second loses everything, the newest its last record and a bit.
    truncateSync(join(directory.path, names[1]!), 0);
    const last = join(directory.path, names.at(-1)!);
    truncateSync(last, statSync(last).size - 50);
    spool.look();
    expect(dropped.map(({ reason, records }) => ({ reason, records }))).toEqual([
      { reason: 'wiped', records: [] },
      { reason: 'wiped', records: [] },
    ]);
    const gone = dropped.flatMap(({ missing }) => missing!.traces.get(token) ?? []);
    const left = counters(spool.read());
    for (const counter of left) kept.delete(counter);
    expect(gone).toEqual([Math.min(...kept), Math.max(...kept)]);
    expect(dropped[1]!.missing!.buckets).toEqual([
      { kind: 'telemetry', node: 'n', begin: 1_700_000_000, count: 1 },
      { kind: 'event', node: '', begin: 1_700_000_005, count: 1 },
    ]);
    write(spool, 41, 50);
    expect(counters(spool.read())).toEqual([...left, ...range(41, 50)]);
    spool[Symbol.dispose]();
    const { spool: next } = open(directory.path, { producerId: 'client/n/2' });
    expect(next.leftovers()[0]!.examine().damage).toEqual([]);
    expect(counters(next.leftovers()[0]!.read())).toEqual([...left, ...range(41, 50)]);
  });

  it('where nothing can be written any more, what there was can still be read, and is written anew later', () => {
    const system = simulateSystem();
    const { spool, dropped, messages } = open('/spool', { system });
    write(spool, 1, 30);
    system.wipe();
    system.leaveRoom(0);
    spool.look();
    write(spool, 31, 40);
    expect(counters(spool.read())).toEqual(range(1, 30));
    expect(spool.notSpooled.trace).toBe(10);
    system.leaveRoom(1e6);
    spool.look();
    write(spool, 41, 50);
    expect(counters(spool.read())).toEqual([...range(1, 30), ...range(41, 50)]);
    expect(dropped).toEqual([]);
    expect(messages).toEqual([
      'segments of the spool were removed or cut short, and are not written anew',
      'the spool can not be written: records are published without being kept',
      'segments of the spool that were removed are written anew',
      'the spool is written again',
    ]);
    system.restart();
    const { spool: next } = open('/spool', { system, producerId: 'client/n/2' });
    expect(counters(next.leftovers()[0]!.read())).toEqual([...range(1, 30), ...range(41, 50)]);
  });

  it('what an earlier producer left is told, as far as it is known', async () => {
    await using directory = await temporaryDirectory();
    {
      using spool = open(directory.path, { producerId: 'client/n/a', segmentBytes: 4096 }).spool;
      write(spool, 1, 60);
    }
    const { spool, dropped } = open(directory.path);
    // The newest was read when it was looked at for a torn tail.
    expect(spool.leftovers()[0]!.segments).toBe(2);
    spool.leftovers()[0]!.examine();
    for (const name of segmentsIn(directory.path)) rmSync(join(directory.path, name));
    spool.look();
    expect(dropped.map(({ missing }) => missing?.traces.get(token))).toEqual([
      [1, expect.any(Number)],
      [expect.any(Number), 60],
    ]);
    expect(dropped.reduce((sum, { missing }) => sum + missing!.records, 0)).toBe(60);
    expect(spool.leftovers()[0]!.segments).toBe(0);
  });
});
