import { createDoorbell } from '@galileo/bus';
import { type RecordBatch, StoreError } from '@galileo/expdb';
import { createBook, everything } from '@galileo/reconcile';
import { silentLog, until } from '@galileo/testkit';
import { expect, test } from 'vitest';
import { type Committer, createCommitter } from './committer.ts';

interface Behaviour {
  batchSize?: number;
  interval?: number;
  /** What writing the n-th time (from 1) leads to. */
  write?(n: number): Promise<void>;
}

/** A committer over a store that fails on demand. */
function committerOver({ batchSize = 10, interval = 3600, write = async () => {} }: Behaviour) {
  const written: RecordBatch[] = [];
  const troubles: boolean[] = [];
  const fatal: StoreError[] = [];
  let tries = 0;
  const committer = createCommitter({
    store: {
      async write(batch) {
        await write(++tries);
        written.push(batch);
      },
    },
    batchSize,
    interval,
    log: silentLog,
    bell: createDoorbell(),
    onTrouble: trouble => troubles.push(trouble),
    onFatal: error => fatal.push(error),
  });
  return { committer, written, troubles, fatal };
}

function addEvents(committer: Committer, count: number): void {
  for (let i = 0; i < count; i++) committer.rows().events.push({ expId: 'e', timestamp: i, name: 'x', value: null });
  committer.added();
}

test('a full batch is committed at once, a smaller one after the interval or a flush', async () => {
  const { committer, written } = committerOver({});
  await using _ = committer;
  addEvents(committer, 10);
  await until('the full batch is written', () => written.length === 1);
  addEvents(committer, 3);
  await committer.flush();
  expect(written.map(batch => batch.events.length)).toEqual([10, 3]);
  const soon = committerOver({ interval: 0.01 });
  addEvents(soon.committer, 1);
  await until('the interval is over', () => soon.written.length === 1);
  await soon.committer[Symbol.asyncDispose]();
});

test('the state of a book is written with the rows that it describes', async () => {
  const { committer, written } = committerOver({});
  await using _ = committer;
  const book = createBook('e', 1, everything, false);
  addEvents(committer, 1);
  committer.touch(book);
  const flushed = committer.flush();
  // What comes while the transaction is under way is described by the next.
  book.end = 5;
  addEvents(committer, 1);
  committer.touch(book);
  await flushed;
  await committer.flush();
  expect(written.map(batch => batch.events.length)).toEqual([1, 1]);
  expect(written.map(batch => JSON.parse(batch.recordings[0]!.state).end)).toEqual([null, 5]);
});

test('a batch is durable when it is committed and not before, whatever came later', async () => {
  const gate = Promise.withResolvers<void>();
  const { committer } = committerOver({ write: n => (n === 1 ? gate.promise : Promise.resolve()) });
  await using _ = committer;
  const progress = { producerId: 'p', accepted: 1, durable: 0 };
  addEvents(committer, 10);
  committer.advance(progress);
  progress.accepted = 2;
  committer.advance(progress);
  expect(progress.durable).toBe(0);
  gate.resolve();
  await committer.flush();
  expect(progress.durable).toBe(2);
  progress.accepted = 3;
  committer.advance(progress);
  expect(progress.durable).toBe(3);
});

test('while the store fails the same batch is tried again, and the trouble is told', async () => {
  const { committer, written, troubles } = committerOver({
    write: async n => {
      if (n < 3) throw new StoreError('failed', '/x', 'disk full');
    },
  });
  await using _ = committer;
  const progress = { producerId: 'p', accepted: 1, durable: 0 };
  addEvents(committer, 2);
  committer.advance(progress);
  await committer.flush();
  expect(written.map(batch => batch.events.length)).toEqual([2]);
  expect(troubles).toEqual([true, false]);
  expect(progress.durable).toBe(1);
});

test('rows pile up so far and no further', async () => {
  const gate = Promise.withResolvers<void>();
  const { committer } = committerOver({ write: () => gate.promise });
  await using _ = committer;
  addEvents(committer, 10);
  await until('the first batch is under way', () => committer.rows().events.length === 0);
  addEvents(committer, 199);
  expect(committer.hasRoom()).toBe(true);
  addEvents(committer, 1);
  expect(committer.hasRoom()).toBe(false);
  gate.resolve();
  await committer.flush();
  expect(committer.hasRoom()).toBe(true);
});

test('a store that is gone for good is told, and nothing is acknowledged any more', async () => {
  const { committer, fatal } = committerOver({
    write: async () => {
      throw new StoreError('closed', '/x', 'its worker died');
    },
  });
  const progress = { producerId: 'p', accepted: 1, durable: 0 };
  addEvents(committer, 1);
  committer.advance(progress);
  await expect(committer.flush()).rejects.toThrow('its worker died');
  expect(fatal).toHaveLength(1);
  progress.accepted = 2;
  committer.advance(progress);
  expect(progress.durable).toBe(0);
  await committer[Symbol.asyncDispose]();
});

test('what waits is known per recording and kind until it is committed', async () => {
  const gate = Promise.withResolvers<void>();
  const { committer } = committerOver({ write: () => gate.promise });
  await using _ = committer;
  const nothing = { stored: { trace: 0, telemetry: 0, event: 0 }, rejected: { trace: 0, telemetry: 0, event: 0 } };
  addEvents(committer, 10);
  addEvents(committer, 3);
  const letter = { producer: 'p', reason: 'r', channel: 'c', line: 'l', at: 1 };
  committer.rows().deadLetters.push({ ...letter, expId: 'e', kind: 'trace' }, { ...letter, expId: 'other', kind: 'event' });
  committer.rows().clockOffsets.push({ expId: 'e', producer: 'p', at: 1, offset: 0, uncertainty: 0, segment: 0 });
  committer.added();
  // Ten in the transaction that is under way, and what came after it; a clock estimate is no record.
  expect(committer.waiting).toBe(15);
  expect(committer.waitingOf('e')).toEqual({
    stored: { ...nothing.stored, event: 13 },
    rejected: { ...nothing.rejected, trace: 1 },
  });
  expect(committer.waitingOf('other')).toEqual({ ...nothing, rejected: { ...nothing.rejected, event: 1 } });
  gate.resolve();
  await committer.flush();
  expect(committer.waiting).toBe(0);
  expect(committer.waitingOf('e')).toEqual(nothing);
});
