import { DatabaseSync } from 'node:sqlite';
import { temporaryDirectory } from '@galileo/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ExperimentStore, openStore, StoreError } from '../src/index.ts';
import { batch, event, experiment, telemetry, trace } from './rows.ts';

const directory = await temporaryDirectory();
let store: ExperimentStore;
let sequence = 0;

/** Each test has a file of its own. */
async function freshStore(): Promise<ExperimentStore> {
  return openStore({ path: `${directory.path}/${++sequence}/galileo.sqlite` });
}

beforeAll(async () => {
  store = await freshStore();
});
afterAll(async () => {
  await store[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

describe('experiments', () => {
  it('gives back what was inserted, with the metadata where Galileo looks for them', async () => {
    await store.experiments.insert(experiment(), { k: 1, nested: { a: [1, null] } });
    expect(await store.experiments.get(experiment().id)).toEqual(experiment());
    using db = new DatabaseSync(store.path, { readOnly: true });
    const row = db.prepare('SELECT DATA FROM metadata WHERE exp_id = ?').get(experiment().id);
    expect(JSON.parse(String(row?.['DATA']))).toEqual({ k: 1, nested: { a: [1, null] }, exp_id: experiment().id });
    expect(Object.values(db.prepare('SELECT * FROM experiments').get()!)).toEqual([
      experiment().id,
      'pi-profile',
      'me',
      null,
      null,
      1700000000.25,
      'QUEUED',
    ]);
  });

  it('refuses an id twice and keeps the first', async () => {
    await store.experiments.insert(experiment({ id: 'twice' }), {});
    const again = store.experiments.insert(experiment({ id: 'twice', name: 'other' }), {});
    await expect(again).rejects.toThrow(StoreError);
    expect((await store.experiments.get('twice'))?.name).toBe('pi-profile');
  });

  it('changes what a patch names, and nothing else', async () => {
    const before = experiment({ id: 'patched', summary: '{}' });
    await store.experiments.insert(before, {});
    await store.experiments.update('patched', { status: 'RUNNING', start: 5.5 });
    await store.experiments.update('patched', { reason: 'no worker', summary: null });
    await store.experiments.update('patched', {});
    expect(await store.experiments.get('patched')).toEqual({
      ...before,
      status: 'RUNNING',
      start: 5.5,
      reason: 'no worker',
      summary: null,
    });
  });

  it('refuses to change what is not there', async () => {
    await expect(store.experiments.update('nowhere', { status: 'FAILED' })).rejects.toThrow(
      `experiment store ${store.path}: experiment "nowhere" does not exist`,
    );
    expect(await store.experiments.get('nowhere')).toBeUndefined();
  });

  it('lists the newest first, page by page', async () => {
    await using own = await freshStore();
    for (const [id, created] of [
      ['a', 1],
      ['c', 2],
      ['b', 2],
      ['d', 3],
    ] as const) {
      await own.experiments.insert(experiment({ id, created }), {});
    }
    const page = await own.experiments.list({ limit: 2 });
    expect(page.map(({ id }) => id)).toEqual(['d', 'c']);
    const next = await own.experiments.list({ limit: 5, before: { created: 2, id: 'c' } });
    expect(next.map(({ id }) => id)).toEqual(['b', 'a']);
  });

  it('finds an experiment by its id, by a beginning of it, or as the latest', async () => {
    await using own = await freshStore();
    expect(await own.experiments.find('latest')).toEqual([]);
    for (const [id, created] of [
      ['2026-a', 1],
      ['2026-ab', 2],
      ['2025_x', 9],
      ['20250x', 3],
    ] as const) {
      await own.experiments.insert(experiment({ id, created }), {});
    }
    const ids = async (text: string) => (await own.experiments.find(text)).map(({ id }) => id);
    expect(await ids('2026-a')).toEqual(['2026-a']);
    expect(await ids('2026')).toEqual(['2026-ab', '2026-a']);
    expect(await ids('2025_')).toEqual(['2025_x']);
    expect(await ids('%')).toEqual([]);
    expect(await ids('')).toEqual([]);
    expect(await ids('latest')).toEqual(['2025_x']);
  });

  it('gives at most ten experiments for a beginning', async () => {
    await using own = await freshStore();
    for (let i = 0; i < 12; i++) await own.experiments.insert(experiment({ id: `e${i}`, created: i }), {});
    expect((await own.experiments.find('e')).map(({ id }) => id)).toEqual(
      [11, 10, 9, 8, 7, 6, 5, 4, 3, 2].map(number => `e${number}`),
    );
  });

  it('knows those that have not ended', async () => {
    await using own = await freshStore();
    for (const status of ['QUEUED', 'RUNNING', 'FINISHED', 'FAILED', 'CANCELLED']) {
      await own.experiments.insert(experiment({ id: status, status }), {});
    }
    expect((await own.experiments.unfinished()).map(({ id }) => id)).toEqual(['RUNNING', 'QUEUED']);
  });

  it('removes the rows of one experiment from all tables, and no others', async () => {
    await using own = await freshStore();
    const rows = (expId: string) =>
      batch({
        telemetry: Array.from({ length: 6000 }, (_, i) => telemetry({ expId, timestamp: i })),
        traces: Array.from({ length: 6000 }, (_, i) => trace({ expId, requestId: `t:${i + 1}` })),
        events: [event({ expId })],
        deadLetters: [{ expId, kind: 'trace', producer: 'p', reason: 'r', channel: 'c', line: 'l', at: 1 }],
        clockOffsets: [{ expId, producer: 'p', at: 1, offset: 0, uncertainty: 0, segment: 0 }],
        recordings: [
          {
            ...{ expId, start: 1, end: null, state: '{}' },
            archived: Array.from({ length: 6000 }, (_, i) => ({
              ...{ producerId: 'p', kind: 'event' as const, node: 'p', begin: 5 * i },
              ...{ tally: { count: 1, high: 1, low: 1 }, rejected: 0, version: 1 },
            })),
          },
        ],
      });
    for (const id of ['one', 'two']) {
      await own.experiments.insert(experiment({ id }), {});
      await own.nodeInfo.write(id, 'n1', { arch: 'amd64' });
      await own.write(rows(id));
    }
    await own.experiments.remove('one');
    await own.experiments.remove('unknown');
    using db = new DatabaseSync(own.path, { readOnly: true });
    const tables = db
      .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'kysely_%'")
      .all()
      .map(row => String(row['name']));
    expect(tables).toHaveLength(12);
    for (const table of tables) {
      const ids = db
        .prepare(`SELECT EXP_ID AS id, COUNT(*) AS rows FROM ${table} GROUP BY id`)
        .all()
        .map(row => row['id']);
      expect(ids, table).toEqual(['two']);
    }
  });
});

describe('node info', () => {
  it('replaces what is known of a node', async () => {
    await store.nodeInfo.write('info', 'n1', { arch: 'amd64', cpus: '8' });
    await store.nodeInfo.write('info', 'n2', { arch: 'arm64' });
    await store.nodeInfo.write('info', 'n1', { arch: 'amd64', labels: '{"a":"b"}' });
    expect(await store.nodeInfo.read('info')).toEqual(
      new Map([
        ['n1', { arch: 'amd64', labels: '{"a":"b"}' }],
        ['n2', { arch: 'arm64' }],
      ]),
    );
    expect(await store.nodeInfo.read('other')).toEqual(new Map());
  });
});

describe('recordings', () => {
  it('keeps the newest state of each, and knows those that are not settled', async () => {
    const open = { expId: 'rec-1', start: 2, end: null, state: '{"clients": []}' };
    await store.recordings.save(open);
    await store.recordings.save({ ...open, expId: 'rec-2', start: 1 });
    const unsettled = async (since: number) => (await store.recordings.unsettled(since)).map(({ expId }) => expId);
    expect(await unsettled(Number.POSITIVE_INFINITY)).toEqual(['rec-2', 'rec-1']);
    const closed = { ...open, end: 9.5, state: '{"ledger": {}}' };
    await store.write(batch({ recordings: [closed] }));
    expect(await store.recordings.get('rec-1')).toEqual(closed);
    expect(await unsettled(9.6)).toEqual(['rec-2']);
    expect(await unsettled(9.5)).toEqual(['rec-2', 'rec-1']);
    expect((await store.recordings.unsettled(9.5))[1]).toEqual({ ...closed, archived: [] });
    expect(await store.recordings.get('rec-3')).toBeUndefined();
  });
});
