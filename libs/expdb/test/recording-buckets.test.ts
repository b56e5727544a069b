import { DatabaseSync } from 'node:sqlite';
import { temporaryDirectory } from '@galileo/testkit';
import { afterAll, describe, expect, it } from 'vitest';
import { type ExperimentStore, openStore } from '../src/index.ts';
import type { RecordingBucket, RecordingState } from '../src/rows.ts';
import { batch, event } from './rows.ts';

const directory = await temporaryDirectory();
afterAll(() => directory[Symbol.asyncDispose]());
let sequence = 0;

/** Each test has a file of its own. */
const freshStore = (): Promise<ExperimentStore> => openStore({ path: `${directory.path}/${++sequence}.sqlite` });

const bucket = (change: Partial<RecordingBucket> = {}): RecordingBucket => ({
  producerId: 'telemd/n1/1',
  kind: 'telemetry',
  node: 'n1',
  begin: 1_700_000_005,
  tally: { count: 10, high: 0xffffffff, low: 0x80000001 },
  rejected: 1,
  version: 3,
  ...change,
});

const recording = (archived: readonly RecordingBucket[], change: Partial<RecordingState> = {}): RecordingState => ({
  ...{ expId: 'r1', start: 1, end: null, state: '{}', archived },
  ...change,
});

/** Buckets of a recording by their key. */
async function bucketsOf(store: ExperimentStore, expId = 'r1'): Promise<RecordingBucket[] | undefined> {
  return (await store.recordings.unsettled(0)).find(one => one.expId === expId)?.archived?.slice();
}

const byKey = (buckets: readonly RecordingBucket[]) =>
  buckets.toSorted((one, other) => {
    const key = ({ producerId, kind, node, begin }: RecordingBucket) => `${producerId} ${kind} ${node} ${begin}`;
    return key(one) < key(other) ? -1 : 1;
  });

describe('the buckets of a recording', () => {
  it('come back as they were, the highest halves of a sum too', async () => {
    await using store = await freshStore();
    const archived = [
      bucket(),
      bucket({ begin: -5.5, tally: { count: 0, high: 0, low: 0 }, rejected: 0, version: 0 }),
      bucket({ kind: 'event', node: 'telemd/n1/1', begin: 1_700_000_010, version: 2 ** 40 }),
      bucket({ node: 'größe 🙂', tally: { count: 2 ** 40, high: 1, low: 2 } }),
    ];
    await store.recordings.save(recording(archived));
    expect(byKey((await bucketsOf(store))!)).toEqual(byKey(archived));
  });

  it.each<[string, Partial<RecordingBucket>]>([
    ['producers', { producerId: 'telemd/n1/2' }],
    ['kinds', { kind: 'event' }],
    ['nodes', { node: 'N1' }],
    ['begins', { begin: 1_700_000_010 }],
  ])('of different %s are apart', async (_, change) => {
    await using store = await freshStore();
    await store.recordings.save(recording([bucket(), bucket(change)]));
    expect(byKey((await bucketsOf(store))!)).toEqual(byKey([bucket(), bucket(change)]));
  });

  it('are replaced by key, and stay when nothing is said of them', async () => {
    await using store = await freshStore();
    const other = bucket({ node: 'n2' });
    await store.recordings.save(recording([bucket(), other]));
    const newer = bucket({ tally: { count: 11, high: 5, low: 6 }, rejected: 0, version: 4 });
    await store.write(batch({ recordings: [recording([newer], { state: '{"v": 2}' })] }));
    await store.recordings.save({ expId: 'r1', start: 1, end: 9, state: '{"v": 3}' });
    expect(await store.recordings.unsettled(9)).toEqual([recording([newer, other], { end: 9, state: '{"v": 3}' })]);
  });

  it('belong to one recording, and go with it', async () => {
    await using store = await freshStore();
    await store.recordings.save(recording([bucket()]));
    await store.recordings.save(recording([bucket({ version: 9 })], { expId: 'r2' }));
    await store.recordings.save(recording([], { expId: 'r3' }));
    expect(await bucketsOf(store, 'r1')).toEqual([bucket()]);
    expect(await bucketsOf(store, 'r2')).toEqual([bucket({ version: 9 })]);
    expect(await bucketsOf(store, 'r3')).toEqual([]);
    await store.experiments.remove('r1');
    await store.recordings.save(recording([]));
    expect(await bucketsOf(store, 'r1')).toEqual([]);
    expect(await bucketsOf(store, 'r2')).toEqual([bucket({ version: 9 })]);
  });

  it('are not needed to tell a recording', async () => {
    await using store = await freshStore();
    await store.recordings.save(recording([bucket()], { end: 7 }));
    expect(await store.recordings.get('r1')).toEqual({ expId: 'r1', start: 1, end: 7, state: '{}' });
  });

  it('are stored with the records that they count, or neither is', async () => {
    await using store = await freshStore();
    await store.recordings.save(recording([bucket()]));
    const later = recording([bucket({ version: 4 }), bucket({ node: 'n2' })], { state: '{"v": 2}' });
    const bad = batch({ events: [event({ expId: 'r1' })], recordings: [later, recording([bucket({ begin: Number.NaN })])] });
    await expect(store.write(bad)).rejects.toThrow('NOT NULL constraint failed: recording_buckets.BEGIN');
    expect(await store.recordings.unsettled(0)).toEqual([recording([bucket()])]);
    expect((await store.counts('r1')).events).toBe(0);
    await store.write({ ...bad, recordings: [later] });
    expect((await bucketsOf(store))!.map(({ version }) => version)).toEqual([4, 3]);
    expect((await store.counts('r1')).events).toBe(1);
  });

  it('are many', async () => {
    await using store = await freshStore();
    const archived = Array.from({ length: 20_000 }, (_, i) => bucket({ node: `n${i % 10}`, begin: 5 * i, version: i }));
    await store.recordings.save(recording(archived));
    const found = (await bucketsOf(store))!;
    expect(found.toSorted((one, other) => one.begin - other.begin)).toEqual(archived);
  });
});

it('a file that has no table of buckets yet gets it, and its recordings stay', async () => {
  const path = `${directory.path}/earlier.sqlite`;
  const saved = { expId: 'r1', start: 1, end: null, state: '{"v": 1}' };
  {
    await using store = await openStore({ path });
    await store.recordings.save(saved);
  }
  {
    using db = new DatabaseSync(path);
    db.exec("DROP TABLE recording_buckets; DELETE FROM kysely_migration WHERE name = '005-recording-buckets'");
  }
  await using store = await openStore({ path });
  expect(await store.recordings.unsettled(0)).toEqual([{ ...saved, archived: [] }]);
  await store.recordings.save({ ...saved, archived: [bucket()] });
  expect(await store.recordings.unsettled(0)).toEqual([{ ...saved, archived: [bucket()] }]);
});
