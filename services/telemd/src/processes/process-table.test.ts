import { temporaryDirectory } from '@galileo/testkit';
import { describe, expect, test } from 'vitest';
import { fakeProc } from '../../test/process-tree.ts';
import { createScratch } from '../kernel-file.ts';
import { createProcessTable, NoSuchProcessError, type ProcessTable } from './process-table.ts';

/** One tick is 10 ms. */
const tick = 10_000_000;
const units = { page: 4096, ticks: 100 };

const usage = (table: ProcessTable) =>
  Object.fromEntries(table.read().map(({ name, cpu, rss }) => [name, [cpu / tick, rss / units.page]]));
const cpuOf = (table: ProcessTable, name = 'a') => table.read().find(usage => usage.name === name)!.cpu / tick;

describe.each([true, false])('where the kernel lists children: %s', listsChildren => {
  async function start() {
    const directory = await temporaryDirectory();
    const proc = fakeProc(directory.path, { listsChildren });
    const table = createProcessTable({ procRoot: directory.path, units, scratch: createScratch() });
    await proc.set(1, { parent: 0 });
    const end = async () => {
      table[Symbol.dispose]();
      await directory[Symbol.asyncDispose]();
    };
    return { proc, table, [Symbol.asyncDispose]: end };
  }

  test('a process counts with all its descendants, and with what it has waited for', async () => {
    await using context = await start();
    const { proc, table } = context;
    await proc.set(10, { parent: 1, cpu: 100, waited: 7, rss: 5 });
    await proc.set(20, { parent: 10, cpu: 10, rss: 3 });
    await proc.set(15, { parent: 20, cpu: 1, rss: 1 });
    await proc.set(30, { parent: 1, cpu: 999, rss: 999 });
    table.replace([{ name: 'a', pid: 10 }]);
    expect(usage(table)).toEqual({ a: [118, 9] });
  });

  test('children that are born later count from their beginning', async () => {
    await using context = await start();
    const { proc, table } = context;
    await proc.set(10, { parent: 1, cpu: 100 });
    table.replace([{ name: 'a', pid: 10 }]);
    expect(cpuOf(table)).toBe(100);
    await proc.set(11, { parent: 10, cpu: 5, rss: 2 });
    await proc.set(12, { parent: 11, cpu: 6, rss: 2 });
    expect(usage(table)).toEqual({ a: [111, 4] });
  });

  test('when a child is waited for, its time moves to its parent and is not counted twice', async () => {
    await using context = await start();
    const { proc, table } = context;
    await proc.set(10, { parent: 1, cpu: 100 });
    await proc.set(11, { parent: 10, cpu: 50 });
    table.replace([{ name: 'a', pid: 10 }]);
    expect(cpuOf(table)).toBe(150);
    await proc.set(10, { parent: 1, cpu: 101, waited: 53 });
    await proc.end(11);
    expect(cpuOf(table)).toBe(154);
    // Children that came and went unseen.
    await proc.set(10, { parent: 1, cpu: 101, waited: 60 });
    expect(cpuOf(table)).toBe(161);
  });

  test('a whole branch that ends at once is counted once', async () => {
    await using context = await start();
    const { proc, table } = context;
    await proc.set(10, { parent: 1 });
    await proc.set(11, { parent: 10, cpu: 20 });
    await proc.set(12, { parent: 11, cpu: 30 });
    table.replace([{ name: 'a', pid: 10 }]);
    expect(cpuOf(table)).toBe(50);
    await proc.set(10, { parent: 1, waited: 51 });
    await proc.end(12);
    await proc.end(11);
    expect(cpuOf(table)).toBe(51);
  });

  test('the counter does not fall when nobody waits for a child', async () => {
    await using context = await start();
    const { proc, table } = context;
    await proc.set(10, { parent: 1, cpu: 1 });
    await proc.set(11, { parent: 10, cpu: 50 });
    table.replace([{ name: 'a', pid: 10 }]);
    expect(cpuOf(table)).toBe(51);
    await proc.end(11);
    expect(cpuOf(table)).toBe(51);
    await proc.set(10, { parent: 1, cpu: 4 });
    expect(cpuOf(table)).toBe(54);
  });

  test('an orphan stays with its name', async () => {
    await using context = await start();
    const { proc, table } = context;
    await proc.set(10, { parent: 1 });
    await proc.set(11, { parent: 10 });
    await proc.set(12, { parent: 11, cpu: 30 });
    table.replace([{ name: 'a', pid: 10 }]);
    expect(cpuOf(table)).toBe(30);
    await proc.end(11);
    await proc.set(12, { parent: 1, cpu: 35 });
    expect(cpuOf(table)).toBe(35);
    await proc.set(13, { parent: 12, cpu: 2 });
    expect(cpuOf(table)).toBe(37);
    await proc.end(13);
    await proc.end(12);
    expect(cpuOf(table)).toBe(37);
  });

  test('a process that is gone, or a zombie, gives no more samples; the others go on', async () => {
    await using context = await start();
    const { proc, table } = context;
    await proc.set(10, { parent: 1, cpu: 5 });
    await proc.set(11, { parent: 10, cpu: 5 });
    await proc.set(20, { parent: 1, cpu: 6 });
    await proc.set(30, { parent: 1, cpu: 7 });
    table.replace([
      { name: 'a', pid: 10 },
      { name: 'b', pid: 20 },
      { name: 'c', pid: 30 },
    ]);
    expect(usage(table)).toEqual({ a: [10, 0], b: [6, 0], c: [7, 0] });
    await proc.end(10);
    await proc.set(11, { parent: 1, cpu: 500 });
    await proc.set(20, { parent: 1, cpu: 6, state: 'Z' });
    expect(usage(table)).toEqual({ c: [7, 0] });
  });

  test('below one another, each counts for itself, also when the lower one ends and is waited for', async () => {
    await using context = await start();
    const { proc, table } = context;
    await proc.set(10, { parent: 1, cpu: 1, rss: 1 });
    await proc.set(11, { parent: 10, cpu: 2, rss: 2 });
    await proc.set(12, { parent: 11, cpu: 400, rss: 4 });
    await proc.set(13, { parent: 12, cpu: 800, rss: 8 });
    table.replace([
      { name: 'upper', pid: 10 },
      { name: 'lower', pid: 12 },
    ]);
    expect(usage(table)).toEqual({ upper: [3, 3], lower: [1200, 12] });
    await proc.set(12, { parent: 11, cpu: 400, waited: 805, rss: 0, state: 'Z' });
    await proc.end(13);
    expect(Object.keys(usage(table))).toEqual(['upper']);
    await proc.set(11, { parent: 10, cpu: 2, waited: 1205, rss: 2 });
    await proc.end(12);
    expect(cpuOf(table, 'upper')).toBeLessThan(20);
  });

  test('another list keeps the counters of those that stay', async () => {
    await using context = await start();
    const { proc, table } = context;
    await proc.set(10, { parent: 1 });
    await proc.set(11, { parent: 10, cpu: 50 });
    await proc.set(20, { parent: 1, cpu: 6 });
    table.replace([
      { name: 'a', pid: 10 },
      { name: 'b', pid: 20 },
    ]);
    expect(cpuOf(table)).toBe(50);
    await proc.end(11);
    expect(cpuOf(table)).toBe(50);
    table.replace([
      { name: 'a', pid: 10 },
      { name: 'c', pid: 20 },
    ]);
    expect(usage(table)).toEqual({ a: [50, 0], c: [6, 0] });
    table.replace([]);
    expect(usage(table)).toEqual({});
  });

  test('a name that is given to a descendant takes over its past; taken away, its future alone goes to the upper one', async () => {
    await using context = await start();
    const { proc, table } = context;
    await proc.set(10, { parent: 1, cpu: 1 });
    await proc.set(11, { parent: 10, cpu: 50 });
    table.replace([{ name: 'upper', pid: 10 }]);
    expect(usage(table)).toEqual({ upper: [51, 0] });
    table.replace([
      { name: 'upper', pid: 10 },
      { name: 'lower', pid: 11 },
    ]);
    await proc.set(11, { parent: 10, cpu: 60 });
    expect(usage(table)).toEqual({ upper: [51, 0], lower: [60, 0] });
    table.replace([{ name: 'upper', pid: 10 }]);
    await proc.set(11, { parent: 10, cpu: 65 });
    expect(usage(table)).toEqual({ upper: [56, 0] });
  });

  test('one that does not run is refused by name, and nothing has changed', async () => {
    await using context = await start();
    const { proc, table } = context;
    await proc.set(10, { parent: 1, cpu: 5 });
    await proc.set(66, { parent: 1, state: 'Z' });
    table.replace([{ name: 'a', pid: 10 }]);
    for (const pid of [4711, 66]) {
      const replace = () => {
        table.replace([
          { name: 'b', pid: 10 },
          { name: 'ghost', pid },
        ]);
      };
      expect(replace).toThrow(NoSuchProcessError);
      expect(replace).toThrow(`process ${pid} (ghost) does not run on this node, or is hidden from telemd`);
    }
    expect(usage(table)).toEqual({ a: [5, 0] });
  });
});
