import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { temporaryDirectory } from '@galileo/testkit';
import { afterAll, describe, expect, it } from 'vitest';
import { openStore, StoreError } from '../src/index.ts';
import { openStoreIn, startWorker } from '../src/store.ts';
import { batch, collect, event, experiment, expId, telemetry, trace } from './rows.ts';

const directory = await temporaryDirectory();
afterAll(() => directory[Symbol.asyncDispose]());
const file = (name: string) => `${directory.path}/${name}`;

async function failure(promise: Promise<unknown>): Promise<StoreError> {
  const error = await promise.then(
    () => undefined,
    reason => reason,
  );
  expect(error).toBeInstanceOf(StoreError);
  return error;
}

describe('opening', () => {
  it('makes the directory and the file, and finds everything again', async () => {
    const path = file('made/by/the/store.sqlite');
    {
      await using store = await openStore({ path });
      await store.experiments.insert(experiment(), {});
      await store.write(batch({ traces: [trace()] }));
    }
    await using store = await openStore({ path });
    expect(store.path).toBe(path);
    expect(await store.experiments.find('latest')).toEqual([experiment()]);
    expect(await collect(store.traces(expId))).toHaveLength(1);
  });

  it.each([
    ['a file that is no database', 'text.sqlite', 'file is not a database'],
    ['a directory', 'directory.sqlite', 'unable to open database file'],
    ['a directory that can not be made', 'text.sqlite/below/store.sqlite', 'ENOTDIR'],
    ['a database with other tables', 'other.sqlite', 'table traces has the columns ID, BODY; allowed: REQUEST_ID, CLIENT,'],
  ])('refuses %s, and leaves it as it was', async (_, name, cause) => {
    await writeFile(file('text.sqlite'), 'name: pi-profile\n'.repeat(100));
    await mkdir(file('directory.sqlite'), { recursive: true });
    {
      using db = new DatabaseSync(file('other.sqlite'));
      db.exec('CREATE TABLE IF NOT EXISTS traces (ID INTEGER, BODY TEXT)');
    }
    const error = await failure(openStore({ path: file(name) }));
    expect(error).toMatchObject({ kind: 'open', path: file(name) });
    expect(error.message).toContain(`experiment store ${file(name)}: it can't be opened: `);
    expect(error.message).toContain(cause);
    expect((error.cause as Error).message).toContain(cause);
    expect(await readFile(file('text.sqlite'), 'utf8')).toBe('name: pi-profile\n'.repeat(100));
    using db = new DatabaseSync(file('other.sqlite'));
    expect(db.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all()).toEqual([{ name: 'traces' }]);
  });

  it('refuses a file that a newer version has written', async () => {
    const path = file('newer.sqlite');
    await (await openStore({ path }))[Symbol.asyncDispose]();
    {
      using db = new DatabaseSync(path);
      db.exec("INSERT INTO kysely_migration VALUES ('999-spans', '2030-01-01T00:00:00.000Z')");
    }
    const error = await failure(openStore({ path }));
    expect(error.message).toContain('it was written by a newer version of Galileo (it has the migration 999-spans');
  });
});

describe('several at one file', () => {
  it('can be created by many at the same time', async () => {
    const path = file('created-by-many.sqlite');
    const stores = await Promise.all(Array.from({ length: 6 }, () => openStore({ path })));
    await Promise.all(stores.map((store, i) => store.experiments.insert(experiment({ id: `e${i}` }), {})));
    expect(await stores[0]!.experiments.list({ limit: 100 })).toHaveLength(6);
    await Promise.all(stores.map(store => store[Symbol.asyncDispose]()));
  });

  it('write at the same time without meeting a lock: two stores of this process and two other processes', async () => {
    const path = file('shared.sqlite');
    const program = fileURLToPath(new URL('./second-process.ts', import.meta.url));
    const others = ['n1', 'n2'].map(node => promisify(execFile)(process.execPath, [program, path, node]));
    await using recorder = await openStore({ path });
    await using orchestrator = await openStore({ path });
    await orchestrator.experiments.insert(experiment(), {});
    const writing = (async () => {
      for (let i = 0; i < 60; i++) {
        const rows = Array.from({ length: 1000 }, (_, j) => telemetry({ node: 'n0', timestamp: i * 1000 + j }));
        await recorder.write(batch({ telemetry: rows }));
      }
    })();
    for (let i = 0; i < 60; i++) {
      await orchestrator.experiments.update(expId, { start: i });
      expect((await orchestrator.experiments.get(expId))?.start).toBe(i);
    }
    await writing;
    await Promise.all(others);
    expect((await orchestrator.counts(expId)).telemetry).toEqual(
      new Map([
        ['n0', 60_000],
        ['n1', 5000],
        ['n2', 5000],
      ]),
    );
    expect((await recorder.experiments.get('n2'))?.start).toBe(99);
  });
});

describe('the end', () => {
  it('waits for what is under way and refuses what comes later', async () => {
    const path = file('closed.sqlite');
    const store = await openStore({ path });
    const writes = Array.from({ length: 20 }, (_, i) => store.write(batch({ events: [event({ timestamp: i })] })));
    const closed = store[Symbol.asyncDispose]();
    const late = await failure(store.counts(expId));
    expect(late).toMatchObject({ kind: 'closed', message: `experiment store ${path}: it is closed` });
    await Promise.all(writes);
    await closed;
    await store[Symbol.asyncDispose]();
    await using again = await openStore({ path });
    expect((await again.counts(expId)).events).toBe(20);
  });

  it('of the worker rejects what is under way and what comes later, and is no obstacle to closing', async () => {
    const worker = startWorker();
    const path = file('died.sqlite');
    const store = await openStoreIn(worker, path);
    await store.write(batch({ events: [event()] }));
    // Another connection holds the write lock, so that the call is surely under way when the worker ends.
    const blocker = new DatabaseSync(path);
    blocker.exec('BEGIN IMMEDIATE');
    const pending = store.write(batch({ events: [event({ name: 'blocked' })] }));
    const [error] = await Promise.all([failure(pending), worker.terminate()]);
    blocker.close();
    expect(error).toMatchObject({ kind: 'closed', message: `experiment store ${path}: its worker ended with exit code 1` });
    expect((await failure(store.write(batch({})))).kind).toBe('closed');
    expect((await failure(collect(store.traces(expId)))).kind).toBe('closed');
    await store[Symbol.asyncDispose]();
    await using again = await openStore({ path });
    expect((await again.counts(expId)).events).toBe(1);
  });
});
