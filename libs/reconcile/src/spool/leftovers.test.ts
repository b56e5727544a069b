import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '@galileo/testkit';
import { describe, expect, it } from 'vitest';
import { simulateSystem } from './simulated-system.ts';
import { counters, needs, open, range, segmentsIn, stateOf, token, write } from './spool-fixture.ts';
import type { ProducerState } from './state.ts';

describe('what an earlier producer left', () => {
  it('is read from where it was released, with the state that was saved, and removed', async () => {
    await using directory = await temporaryDirectory();
    const state: ProducerState = {
      position: 61,
      recordings: [
        {
          recordingId: 'r',
          filter: { kinds: [1], services: ['pi'], clients: [], nodes: [] },
          from: 1.5,
          to: null,
          newest: 2.5,
          produced: { trace: 59, telemetry: 3, event: 0 },
          lost: { trace: 0, telemetry: 1, event: 0 },
          clients: [{ clientId: 'w:pi:0', token, recorded: [1, 6, 8, 60], durable: [1, 4], produced: 59 }],
          buckets: [{ kind: 'telemetry', node: 'n', begin: 5, version: 2, tally: { count: 2, high: 0xffffffff, low: 7 } }],
        },
      ],
      clients: [{ clientId: 'w:pi:0', service: 'pi', token, settled: [1, 60] }],
    };
    let oldest: number | undefined;
    {
      using spool = open(directory.path, { producerId: 'client/n/a' }).spool;
      write(spool, 1, 60);
      spool.release(20, needs());
      oldest = counters(spool.read())[0]!;
      spool.saveState(state);
    }
    const { spool } = open(directory.path);
    write(spool, 1, 5);
    const [leftover] = spool.leftovers();
    expect(leftover).toMatchObject({ producerId: 'client/n/a', state, released: oldest, begin: 1_700_000_000 });
    expect(oldest).toBeGreaterThan(10);
    expect(leftover!.examine()).toEqual({ records: 61 - oldest!, damage: [], tail: 'whole' });
    expect(counters(leftover!.read())).toEqual(range(oldest!, 60));
    expect(counters(leftover!.read(30))).toEqual(range(30, 60));
    leftover!.remove();
    leftover!.remove();
    expect(spool.leftovers()).toEqual([]);
    expect(readdirSync(directory.path)).toHaveLength(2);
    spool.remove();
    expect(readdirSync(directory.path)).toHaveLength(1);
    spool[Symbol.dispose]();
    expect(existsSync(directory.path)).toBe(false);
  });

  it('may be its state alone', async () => {
    await using directory = await temporaryDirectory();
    {
      using spool = open(directory.path, { producerId: 'client/n/a' }).spool;
      write(spool, 1, 60);
      spool.release(spool.next, needs());
      spool.saveState(stateOf(61));
    }
    const [leftover] = open(directory.path).spool.leftovers();
    expect(leftover).toMatchObject({ producerId: 'client/n/a', released: 61, segments: 0, begin: 0 });
    expect([...leftover!.read()]).toEqual([]);
  });

  it('with a torn tail ends before it, wherever that was torn', async () => {
    await using directory = await temporaryDirectory();
    {
      using spool = open(directory.path, { producerId: 'client/n/a' }).spool;
      write(spool, 1, 5);
    }
    const file = join(directory.path, segmentsIn(directory.path)[0]!);
    const whole = readFileSync(file);
    const last = whole.lastIndexOf(Buffer.from('galileo/results/traces')) - 15;
    for (let size = last; size < whole.length; size++) {
      writeFileSync(file, whole.subarray(0, size));
      using spool = open(directory.path, { producerId: `client/n/${size}` }).spool;
      const leftover = spool.leftovers()[0]!;
      expect(counters(leftover.read())).toEqual([1, 2, 3, 4]);
      expect(leftover.examine()).toEqual({ records: 4, damage: [], tail: size === last ? 'whole' : 'cut' });
      expect(statSync(file).size).toBe(last);
      expect(leftover.bytes).toBe(last);
    }
  });

  it('with a damaged middle gives all the rest and says what is lost', async () => {
    await using directory = await temporaryDirectory();
    {
      using spool = open(directory.path, { producerId: 'client/n/a', segmentBytes: 16 * 1024 }).spool;
      write(spool, 1, 50);
    }
    const [name] = segmentsIn(directory.path);
    const bytes = readFileSync(join(directory.path, name!));
    const offset = bytes.indexOf(':20,') - 16 - 22 - 15;
    const end = bytes.indexOf(':25,') - 16 - 22 - 15;
    bytes.fill(0, offset + 3, end - 10);
    writeFileSync(join(directory.path, name!), bytes);
    const { spool, messages } = open(directory.path);
    const leftover = spool.leftovers()[0]!;
    expect(counters(leftover.read())).toEqual([...range(1, 19), ...range(25, 50)]);
    const damage = [{ file: name, offset, bytes: end - offset, records: 5 }];
    expect(leftover.examine()).toEqual({ records: 45, damage, tail: 'whole' });
    expect(messages).toEqual(['a segment of the spool is damaged']);
  });

  it('with a damaged header is lost to an unknown number, and its other segments are not', async () => {
    await using directory = await temporaryDirectory();
    {
      using spool = open(directory.path, { producerId: 'client/n/a' }).spool;
      write(spool, 1, 40);
    }
    const names = segmentsIn(directory.path);
    const bytes = readFileSync(join(directory.path, names[1]!));
    bytes[20]! ^= 1;
    writeFileSync(join(directory.path, names[1]!), bytes);
    const { spool, dropped } = open(directory.path, { maxBytes: 8 * 1024 });
    const leftover = spool.leftovers()[0]!;
    const damage = [{ file: names[1], offset: 0, bytes: bytes.length, records: undefined }];
    expect(leftover.examine()).toMatchObject({ damage, tail: 'whole' });
    expect(counters(leftover.read()).length).toBe(leftover.examine().records);
    write(spool, 41, 120);
    // When it has to go it can't be said what goes.
    expect(dropped[1]).toMatchObject({ producerId: 'client/n/a', records: [], missing: undefined });
  });

  it('that says nowhere whose it is, is removed and logged; what is no spool file is left alone', async () => {
    await using directory = await temporaryDirectory();
    writeFileSync(join(directory.path, '0123456789abcdef-0000000001.segment'), 'no header');
    writeFileSync(join(directory.path, '0123456789abcdef.state'), 'GALSTATE 1 00000000\n{}');
    writeFileSync(join(directory.path, '1123456789abcdef-0000000001.segment'), 'GALSPOOL');
    writeFileSync(join(directory.path, 'notes.txt'), 'mine');
    const { spool, messages } = open(directory.path);
    expect(spool.leftovers()).toEqual([]);
    expect(messages).toEqual([
      'the state of an earlier producer is damaged',
      'segments that do not say whose they are can not be read and are removed',
    ]);
    expect(readdirSync(directory.path).filter(name => !name.startsWith('lock.'))).toEqual(['notes.txt']);
  });

  it.each([
    [false, 'unknown'],
    [true, 'whole'],
  ])('after a restart of the machine has a tail that is (sync: %s) %s', (sync, tail) => {
    const system = simulateSystem();
    const { spool } = open('/spool', { system, sync });
    write(spool, 1, 5);
    if (!sync) {
      // Let it be on a disk that has written it of its own accord.
      system.sync(system.open(`/spool/${system.names.find(name => name.endsWith('.segment'))}`));
      system.syncDirectory('/spool');
    }
    system.restart(true);
    const { spool: next } = open('/spool', { system, producerId: 'client/n/2' });
    expect(next.leftovers()[0]!.examine()).toEqual({ records: 5, damage: [], tail });
  });
});
