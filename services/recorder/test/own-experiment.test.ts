import { join } from 'node:path';
import { openStore } from '@galileo/expdb';
import { missing, startRedis, temporaryDirectory } from '@galileo/testkit';
import { nodeInfoKey, telemdCommandChannel } from '@galileo/wire';
import { describe, expect, test } from 'vitest';
import { launchProducer, launchRecorder, sql } from './harness.ts';

const metadataOf = (sqlitePath: string, id: string) =>
  JSON.parse(String(sql(sqlitePath, `SELECT DATA FROM metadata WHERE EXP_ID = '${id}'`)[0]?.['DATA']));

test('an experiment that nobody has made is the recorder’s own, with an id, a name and a creator as in Galileo', async () => {
  await using directory = await temporaryDirectory();
  const sqlitePath = join(directory.path, 'store.db');
  await using recorder = await launchRecorder({ sqlitePath });
  const { experimentId, start } = await recorder.client.startRecording({});
  expect(experimentId).toMatch(/^\d{12}-[0-9a-f]{4}$/);
  const row = () =>
    sql(sqlitePath, 'SELECT NAME, CREATOR, START <= END AS ended, CREATED = START AS created, STATUS FROM experiments');
  const named = { NAME: experimentId, CREATOR: `galileo-recorder-${process.pid}`, created: 1 };
  expect(row()).toEqual([{ ...named, STATUS: 'RUNNING', ended: null }]);
  expect(metadataOf(sqlitePath, experimentId)).toEqual({ exp_id: experimentId });
  await recorder.stop(experimentId);
  expect(row()).toEqual([{ ...named, STATUS: 'FINISHED', ended: 1 }]);
  expect(start).toBeGreaterThan(0);
});

test('name, creator and metadata are as they were wished', async () => {
  await using directory = await temporaryDirectory();
  const sqlitePath = join(directory.path, 'store.db');
  await using recorder = await launchRecorder({ sqlitePath });
  const metadata = JSON.stringify({ purpose: 'a try', nodes: ['a', null], n: 1.5 });
  const wish = { experimentId: 'mine', name: 'my recording', creator: 'ada', metadata };
  await recorder.client.startRecording(wish);
  expect(sql(sqlitePath, 'SELECT EXP_ID, NAME, CREATOR FROM experiments')).toEqual([
    { EXP_ID: 'mine', NAME: 'my recording', CREATOR: 'ada' },
  ]);
  expect(metadataOf(sqlitePath, 'mine')).toEqual({ purpose: 'a try', nodes: ['a', null], n: 1.5, exp_id: 'mine' });
  expect(await recorder.client.getRecording({ experimentId: 'mine' })).toMatchObject({
    experimentId: 'mine',
    name: 'my recording',
    creator: 'ada',
    closing: false,
  });
  await recorder.stop('mine');
});

test('an experiment that somebody else has made stays theirs', async () => {
  await using directory = await temporaryDirectory();
  const sqlitePath = join(directory.path, 'store.db');
  await using store = await openStore({ path: sqlitePath });
  const texts = { reason: null, file: 'name: x', fileName: 'x.yaml', summary: null };
  await store.experiments.insert(
    { id: 'theirs', name: 'x', creator: 'bob', start: null, end: null, created: 1, status: 'RUNNING', ...texts },
    { seed: 1 },
  );
  await using recorder = await launchRecorder({ sqlitePath });
  for (const wish of [{ name: 'y' }, { creator: 'ada' }, { metadata: '{}' }]) {
    await expect(recorder.client.startRecording({ experimentId: 'theirs', ...wish })).rejects.toThrow(
      'ALREADY_EXISTS: experiment "theirs" exists already: its name, creator and metadata can\'t be set',
    );
  }
  await recorder.start('theirs');
  await recorder.stop('theirs');
  expect(await store.experiments.get('theirs')).toMatchObject({ name: 'x', creator: 'bob', status: 'RUNNING', end: null });
});

test('recordings are listed by page, the newest first, and found by a beginning of their id or as the latest', async () => {
  await using directory = await temporaryDirectory();
  const sqlitePath = join(directory.path, 'store.db');
  await using recorder = await launchRecorder({ sqlitePath });
  const { client } = recorder;
  expect(await client.listRecordings({})).toEqual({ recordings: [], nextPageToken: '' });
  await expect(client.getRecording({ experimentId: 'latest' })).rejects.toThrow('NOT_FOUND: there is no recording yet');
  await using producer = await launchProducer({ recorder: recorder.address });
  for (const id of ['2026-a', '2026-ab', '2025-c']) {
    await recorder.client.startRecording({ experimentId: id, name: `name of ${id}` });
    producer.trace();
    if (id !== '2025-c') await recorder.stop(id);
  }
  // One that nobody records is no recording.
  await using store = await openStore({ path: sqlitePath });
  const texts = { reason: null, file: null, fileName: null, summary: null };
  const rest = { name: 'x', creator: '', start: null, end: null, created: Date.now() / 1000 + 60, status: 'QUEUED' };
  await store.experiments.insert({ id: '2026-queued', ...rest, ...texts }, {});

  const first = await client.listRecordings({ pageSize: 2 });
  expect(first.recordings.map(({ experimentId, name }) => [experimentId, name])).toEqual([
    ['2025-c', 'name of 2025-c'],
    ['2026-ab', 'name of 2026-ab'],
  ]);
  expect(first.recordings[0]).toMatchObject({ end: 0, closing: false, ledger: undefined });
  expect(first.recordings[1]!.end).toBeGreaterThan(first.recordings[1]!.start);
  expect(first.recordings[1]!.ledger).toMatchObject({ final: true, mismatches: [] });
  const second = await client.listRecordings({ pageSize: 2, pageToken: first.nextPageToken });
  expect(second).toMatchObject({ recordings: [{ experimentId: '2026-a' }], nextPageToken: '' });

  const idOf = async (experimentId: string) => (await client.getRecording({ experimentId })).experimentId;
  expect(await idOf('latest')).toBe('2025-c');
  expect(await idOf('2025')).toBe('2025-c');
  expect(await idOf('2026-a')).toBe('2026-a');
  await expect(idOf('2026')).rejects.toThrow(
    'FAILED_PRECONDITION: several recordings have an id that begins with "2026": 2026-ab, 2026-a',
  );
  await expect(idOf('2026-q')).rejects.toThrow('NOT_FOUND: there is no recording "2026-q"');
  await recorder.stop('2025-c');
});

describe.skipIf(missing('redis-server'))('over Redis (needs redis-server)', () => {
  test('what the nodes are is stored with a recording of the recorder’s own, and with no other', async () => {
    await using directory = await temporaryDirectory();
    await using redis = await startRedis();
    const sqlitePath = join(directory.path, 'store.db');
    await using recorder = await launchRecorder({ sqlitePath, redis });
    const [client, agent] = [redis.client(), redis.client()];
    try {
      const info = { arch: 'arm64', cpus: '4', disk: 'mmcblk0 sda', labels: '{"zone": "main"}' };
      await client.hset(nodeInfoKey('pi/1'), info);
      await client.hset(nodeInfoKey('gone'), { arch: 'amd64' });
      await agent.subscribe(telemdCommandChannel('pi/1'), telemdCommandChannel('silent'));
      const { experimentId } = await recorder.client.startRecording({ name: 'with nodes' });
      await using store = await openStore({ path: sqlitePath });
      expect(await store.nodeInfo.read(experimentId)).toEqual(new Map([['pi/1', info]]));
      await recorder.stop(experimentId);

      const texts = { reason: null, file: null, fileName: null, summary: null };
      const rest = { name: 'x', creator: '', start: null, end: null, created: 1, status: 'RUNNING' };
      await store.experiments.insert({ id: 'theirs', ...rest, ...texts }, {});
      await recorder.start('theirs');
      expect(await store.nodeInfo.read('theirs')).toEqual(new Map());
      await recorder.stop('theirs');
    } finally {
      client.disconnect();
      agent.disconnect();
    }
  });
});
