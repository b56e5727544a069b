import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '@galileo/testkit';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { Contents } from './contents.ts';
import { SpoolError } from './errors.ts';
import { simulateSystem } from './simulated-system.ts';
import type { Spool, SpoolOptions } from './spool.ts';
import { counters, needs, open, range, segmentsIn, stateOf, token, traceLine, write } from './spool-fixture.ts';
import { choose, type Wanted } from './wanted.ts';

describe('a spool', () => {
  it('gives back what was committed, and lets go of what was released', async () => {
    await using directory = await temporaryDirectory();
    const { spool } = open(directory.path);
    write(spool, 1, 100);
    spool.append('trace', 'galileo/results/traces', traceLine(101));
    expect(counters(spool.read())).toEqual(range(1, 100));
    expect(counters(spool.read(95))).toEqual(range(95, 100));
    const before = segmentsIn(directory.path).length;
    spool.release(50, needs());
    expect(segmentsIn(directory.path).length).toBeLessThan(before);
    expect(counters(spool.read(50))).toEqual(range(50, 100));
    spool.commit();
    spool.release(spool.next, needs());
    expect([...spool.read()]).toEqual([]);
    expect(segmentsIn(directory.path)).toEqual([]);
    expect(spool.bytes).toBe(0);
    write(spool, 102, 103);
    expect(counters(spool.read())).toEqual([102, 103]);
  });

  it('is for its user alone', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'a', 'b');
    const { spool } = open(path);
    write(spool, 1, 1);
    spool.saveState(stateOf(1));
    const modes = [join(directory.path, 'a'), path, ...readdirSync(path).map(name => join(path, name))];
    expect(modes.map(file => (statSync(file).mode & 0o777).toString(8))).toEqual(['700', '700', '600', '600', '600']);
  });

  it.each<[string, (path: string) => void, string]>([
    ['a file', path => writeFileSync(path, ''), 'is no directory'],
    ['a link', path => symlinkSync('/tmp', path), 'is no directory'],
  ])('is not made of %s', async (_, make, message) => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'spool');
    make(path);
    expect(() => open(path)).toThrow(SpoolError);
    expect(() => open(path)).toThrow(message);
  });

  it.runIf(process.getuid?.() === 0)(
    'is not made of a directory that another user made, and closes its own to others',
    async () => {
      await using directory = await temporaryDirectory();
      const path = join(directory.path, 'spool');
      mkdirSync(path);
      chmodSync(path, 0o777);
      const { spool } = open(path);
      expect(statSync(path).mode & 0o777).toBe(0o700);
      spool[Symbol.dispose]();
      mkdirSync(path);
      chownSync(path, 1, 1);
      expect(() => open(path)).toThrow(`${path} belongs to user 1`);
    },
  );

  it('is had by one at a time', async () => {
    await using directory = await temporaryDirectory();
    const { spool } = open(directory.path);
    expect(() => open(directory.path, { producerId: 'client/n/2' })).toThrow(`is used by the process ${process.pid}`);
    spool[Symbol.dispose]();
    open(directory.path, { producerId: 'client/n/2' }).spool[Symbol.dispose]();
  });

  it.each<[string, Partial<SpoolOptions>, string]>([
    ['a cap below 1 KiB', { maxBytes: 1023 }, 'found a cap of 1023 bytes; allowed: 1024 or more'],
    [
      'segments over a quarter of the cap',
      { segmentBytes: 16385 },
      'found segments of 16385 bytes; allowed: more than 0, at most 16384',
    ],
    ['a producer without an id', { producerId: '' }, 'found a producer id of 0 bytes; allowed: 1 to 1024'],
  ])('refuses %s', async (_, options, message) => {
    await using directory = await temporaryDirectory();
    expect(() => open(directory.path, options)).toThrow(message);
    expect(readdirSync(directory.path)).toEqual([]);
  });

  it('is not opened twice for one start of a producer', async () => {
    await using directory = await temporaryDirectory();
    const { spool } = open(directory.path);
    write(spool, 1, 1);
    spool[Symbol.dispose]();
    expect(() => open(directory.path)).toThrow('holds records of client/n/1, which starts only now');
  });

  it('takes records larger than a segment, and counts those larger than a quarter of the cap', async () => {
    await using directory = await temporaryDirectory();
    const { spool } = open(directory.path);
    const sizes = [10, 5000, 16_000, 17_000, 100_000, 10];
    for (const size of sizes) spool.append('event', 'galileo/events', `1 e ${'ü'.repeat(size / 2)}`);
    spool.commit();
    expect([...spool.read()].map(({ line }) => Buffer.byteLength(line) - 4)).toEqual([10, 5000, 16_000, 10]);
    expect(spool.notSpooled).toEqual({ trace: 0, telemetry: 0, event: 2 });
  });

  it('discards pre-roll without a word', async () => {
    await using directory = await temporaryDirectory();
    const { spool, dropped, clock } = open(directory.path, { segmentBytes: 16 * 1024 });
    for (let second = 0; second < 100; second++) {
      write(spool, second + 1, second + 1);
      spool.discardBefore(clock.now - 60);
      clock.now++;
    }
    const kept = counters(spool.read());
    expect(kept.at(-1)).toBe(100);
    // 60 s, and the segment of up to 6 s that holds the first of them.
    expect(kept.length).toBeGreaterThanOrEqual(60);
    expect(kept.length).toBeLessThanOrEqual(67);
    expect(dropped).toEqual([]);
  });

  it('commits without being told when much waits', async () => {
    await using directory = await temporaryDirectory();
    const { spool } = open(directory.path, { maxBytes: 4e6, segmentBytes: 1e6 });
    for (let n = 1; n <= 3000; n++) spool.append('trace', 'galileo/results/traces', traceLine(n));
    expect(counters(spool.read()).length).toBeGreaterThan(1000);
  });
});

describe('reading', () => {
  it('finds what is wanted as reading everything does', async () => {
    await using directory = await temporaryDirectory();
    let opened = 0;
    const kinds = fc.constantFrom('trace' as const, 'telemetry' as const, 'event' as const);
    const record = fc.record({ kind: kinds, source: fc.nat(3), n: fc.integer({ min: 1, max: 60 }) });
    const wanted: fc.Arbitrary<Wanted> = fc.oneof(
      fc.record({
        kind: fc.constant('trace' as const),
        token: fc.constantFrom('t0', 't1'),
        counters: fc.constantFrom([3, 5, 9, 9], [50, 90]),
      }),
      fc.record({
        kind: fc.constant('telemetry' as const),
        node: fc.constantFrom('n0', 'n2'),
        begin: fc.constantFrom(0, 10, 55),
      }),
      fc.record({ kind: fc.constant('event' as const), begin: fc.constantFrom(0, 10, 55) }),
    );
    fc.assert(
      fc.property(fc.array(record, { maxLength: 150 }), fc.array(wanted, { maxLength: 3 }), fc.nat(100), (list, wants, from) => {
        const path = join(directory.path, String(opened++));
        const { spool } = open(path);
        for (const { kind, source, n } of list) {
          if (kind === 'trace') spool.append(kind, 'galileo/results/traces', `t${source}:${n},c,s`);
          else if (kind === 'event') spool.append(kind, 'galileo/events', `${n} e`);
          else spool.append(kind, `telem/n${source}/cpu`, `${n}.0000000 1`);
        }
        spool.commit();
        const { holds } = choose(wants);
        const expected = [...spool.read()].filter(one => one.position >= from && holds(one));
        expect([...spool.read(from, wants)]).toEqual(expected);
        spool[Symbol.dispose]();
        const { spool: next } = open(path, { producerId: 'client/n/2' });
        for (let i = 0; i < 2; i++) expect([...(next.leftovers()[0]?.read(from, wants) ?? [])]).toEqual(expected);
        next[Symbol.dispose]();
      }),
      { numRuns: 50 },
    );
  });

  it('only opens the segments that hold it', () => {
    const system = simulateSystem();
    let bytes = 0;
    const read: typeof system.read = (...args) => {
      const count = system.read(...args);
      bytes += count;
      return count;
    };
    const { spool } = open('/spool', { system: { ...system, read } });
    write(spool, 1, 500);
    expect(counters(spool.read(0, [{ kind: 'trace', token: token, counters: [77, 77, 300, 301] }]))).toEqual([77, 300, 301]);
    expect(bytes).toBeLessThan(4 * 1100);
    bytes = 0;
    expect([...spool.read(0, [{ kind: 'telemetry', node: 'n', begin: 0 }])]).toEqual([]);
    expect(bytes).toBe(0);
  });

  it('goes on while records are appended, released and given up', async () => {
    await using directory = await temporaryDirectory();
    const { spool, dropped } = open(directory.path, { maxBytes: 8 * 1024 });
    write(spool, 1, 40);
    const seen: number[] = [];
    for (const { position } of spool.read()) {
      seen.push(position);
      if (position === 10) spool.release(20, needs());
      if (position === 25) write(spool, 41, 120);
    }
    // What was read of a segment is handed out; of those that went meanwhile nothing is, nor of what came later.
    expect(seen.slice(0, 10)).toEqual(range(1, 10));
    expect(seen.every((position, i) => i === 0 || position > seen[i - 1]!)).toBe(true);
    expect(seen.at(-1)).toBeLessThanOrEqual(40);
    expect(dropped.length).toBeGreaterThan(0);
  });
});

describe('releasing', () => {
  /** Counters by segment: `isNeeded` is asked once for each from the oldest on. */
  const bySegment = (spool: Spool): number[][] => {
    const ends: number[] = [];
    const isNeeded = ({ traces }: Contents) => {
      ends.push(traces.get(token)!.at(-1)!);
      return false;
    };
    const all = counters(spool.read());
    spool.release(spool.next, isNeeded);
    return ends.map((end, i) => all.filter(counter => counter <= end && counter > (ends[i - 1] ?? 0)));
  };
  /** What a spool of 100 traces holds, segment by segment. */
  const segments = (() => {
    const { spool } = open('/spool', { system: simulateSystem() });
    write(spool, 1, 100);
    return bySegment(spool);
  })();
  const segmentOf = (counter: number) => segments.findIndex(held => held.includes(counter));

  it('stops at the first segment that is needed, whatever comes behind it', async () => {
    await using directory = await temporaryDirectory();
    const { spool } = open(directory.path);
    write(spool, 1, 100);
    expect(segments.flat()).toEqual(range(1, 100));
    let asked = 0;
    spool.release(spool.next, contents => {
      asked++;
      return needs(40, 75)(contents);
    });
    const first = segmentOf(40);
    expect(first).toBeGreaterThan(1);
    expect(asked).toBe(first + 1);
    expect(counters(spool.read())).toEqual(segments.slice(first).flat());
    expect(segmentsIn(directory.path)).toHaveLength(segments.length - first);
    spool.release(spool.next, needs(75));
    expect(counters(spool.read())).toEqual(segments.slice(segmentOf(75)).flat());
    spool.release(spool.next, needs());
    expect(segmentsIn(directory.path)).toEqual([]);
  });

  it('stops at a segment with records that come later, whose need nobody knows yet', () => {
    const { spool } = open('/spool', { system: simulateSystem() });
    write(spool, 1, 100);
    const middle = segments[3]!;
    spool.release(middle.at(-1)!, needs());
    expect(counters(spool.read())[0]).toBe(middle[0]);
    spool.release(middle.at(-1)! + 1, needs());
    expect(counters(spool.read())[0]).toBe(segments[4]![0]);
    // What is released stays so.
    spool.release(1, needs());
    expect(counters(spool.read())[0]).toBe(segments[4]![0]);
  });

  it('takes the segment that is written to as well, if nothing in it is needed and nothing waits for it', async () => {
    await using directory = await temporaryDirectory();
    const { spool, dropped } = open(directory.path);
    write(spool, 1, 3);
    spool.release(spool.next, needs(2));
    expect(counters(spool.read())).toEqual([1, 2, 3]);
    spool.append('trace', 'galileo/results/traces', traceLine(4));
    spool.release(4, needs());
    spool.commit();
    expect(counters(spool.read())).toEqual([1, 2, 3, 4]);
    const [before] = segmentsIn(directory.path);
    spool.release(spool.next, needs());
    expect([spool.bytes, ...segmentsIn(directory.path)]).toEqual([0]);
    write(spool, 5, 6);
    expect([...spool.read()].map(({ position }) => position)).toEqual([5, 6]);
    expect(segmentsIn(directory.path)).toEqual([before!.replace('0000000001', '0000000002')]);
    expect(spool.notSpooled.trace).toBe(0);
    spool.saveState(stateOf(7));
    spool[Symbol.dispose]();
    const [leftover] = open(directory.path, { producerId: 'client/n/2' }).spool.leftovers();
    expect(leftover).toMatchObject({ released: 5, segments: 1 });
    expect(counters(leftover!.read())).toEqual([5, 6]);
    expect(dropped).toEqual([]);
  });

  it('goes by all that a segment holds, of every kind', () => {
    const { spool } = open('/spool', { system: simulateSystem() });
    write(spool, 1, 2);
    spool.append('telemetry', 'telem/n/cpu', '1700000001.0000000 1');
    spool.append('event', 'galileo/events', '1700000007.5 e');
    spool.commit();
    const asked: Contents[] = [];
    spool.release(spool.next, contents => {
      asked.push(contents);
      return true;
    });
    expect(asked).toEqual([
      {
        traces: new Map([[token, [1, 2]]]),
        telemetry: new Map([['n', new Map([[1_700_000_000, 1]])]]),
        events: new Map([[1_700_000_005, 1]]),
      },
    ]);
    expect([...spool.read()]).toHaveLength(4);
  });
});

describe('the cap', () => {
  it('is kept, and what goes is named record by record, oldest first', async () => {
    await using directory = await temporaryDirectory();
    const { spool, dropped } = open(directory.path, { maxBytes: 8 * 1024 });
    for (let n = 1; n <= 500; n++) {
      write(spool, n, n);
      expect(spool.bytes).toBeLessThanOrEqual(8 * 1024);
      const onDisk = segmentsIn(directory.path).reduce((sum, name) => sum + statSync(join(directory.path, name)).size, 0);
      expect(onDisk).toBe(spool.bytes);
    }
    const lost = counters(dropped.flatMap(({ records }) => records));
    expect([...lost, ...counters(spool.read())]).toEqual(range(1, 500));
    expect(
      dropped.every(
        ({ reason, missing, producerId }) => reason === 'cap' && missing?.records === 0 && producerId === 'client/n/1',
      ),
    ).toBe(true);
    // No more went than had to.
    expect(spool.bytes).toBeGreaterThan(8 * 1024 - 1024 - 200);
  });

  it('does not name what was released', async () => {
    await using directory = await temporaryDirectory();
    const { spool, dropped } = open(directory.path, { maxBytes: 8 * 1024 });
    write(spool, 1, 50);
    spool.release(20, needs());
    const [oldest] = counters(spool.read());
    expect(oldest).toBeGreaterThan(10);
    write(spool, 51, 100);
    expect(counters(dropped.flatMap(({ records }) => records))[0]).toBe(oldest);
  });

  it('holds for what earlier producers left too, which goes first', async () => {
    await using directory = await temporaryDirectory();
    for (const [i, id] of ['client/n/a', 'client/n/b'].entries()) {
      const { spool, clock } = open(directory.path, { producerId: id, maxBytes: 8 * 1024 });
      clock.now += i;
      write(spool, 1 + 20 * i, 20 + 20 * i);
      spool.saveState(stateOf(1));
      spool[Symbol.dispose]();
    }
    const { spool, dropped } = open(directory.path, { maxBytes: 8 * 1024 });
    expect(spool.leftovers().map(({ producerId }) => producerId)).toEqual(['client/n/a', 'client/n/b']);
    write(spool, 41, 100);
    const byProducer = Map.groupBy(dropped, ({ producerId }) => producerId);
    const lostOf = (id: string) => counters((byProducer.get(id) ?? []).flatMap(({ records }) => records));
    const [a, b] = spool.leftovers();
    expect([...lostOf('client/n/a'), ...counters(a!.read())]).toEqual(range(1, 20));
    expect([...lostOf('client/n/b'), ...counters(b!.read())]).toEqual(range(21, 40));
    expect([...lostOf('client/n/1'), ...counters(spool.read())]).toEqual(range(41, 100));
    // The state stays until it is said that nobody needs it.
    expect(a).toMatchObject({ segments: 0, bytes: 0, state: stateOf(1) });
  });

  it('that is smaller than what is left holds from the first commit on', async () => {
    await using directory = await temporaryDirectory();
    {
      using spool = open(directory.path, { producerId: 'client/n/a' }).spool;
      write(spool, 1, 200);
    }
    const { spool, dropped } = open(directory.path, { maxBytes: 8 * 1024 });
    spool.commit();
    expect(spool.bytes).toBeLessThanOrEqual(8 * 1024);
    expect([...counters(dropped.flatMap(({ records }) => records)), ...counters(spool.leftovers()[0]!.read())]).toEqual(
      range(1, 200),
    );
  });
});

test('a spool that is closed throws nothing and keeps nothing', async () => {
  await using directory = await temporaryDirectory();
  const { spool } = open(directory.path);
  spool[Symbol.dispose]();
  write(spool, 1, 3);
  expect(spool.notSpooled.trace).toBe(3);
  expect(spool.saveState(stateOf(1))).toBe(false);
  expect(existsSync(directory.path)).toBe(false);
});
