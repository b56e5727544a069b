import { readFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { temporaryDirectory } from '@galileo/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ExperimentStore, openStore } from '../src/index.ts';
import { batch, collect, noDetails, telemetry, trace } from './rows.ts';

const id = '202611240211-5e11';
const directory = await temporaryDirectory();
const path = `${directory.path}/galileodb.sqlite`;
let store: ExperimentStore;

const tables = ['experiments', 'nodeinfo', 'telemetry', 'events', 'traces', 'metadata'];
function contents(): Record<string, unknown[]> {
  using db = new DatabaseSync(path, { readOnly: true });
  return Object.fromEntries(tables.map(table => [table, db.prepare(`SELECT * FROM ${table} ORDER BY rowid`).all()]));
}
let before: Record<string, unknown[]>;

beforeAll(async () => {
  {
    using db = new DatabaseSync(path);
    db.exec(await readFile(new URL('./fixtures/original.sql', import.meta.url), 'utf8'));
  }
  before = contents();
  store = await openStore({ path });
});
afterAll(async () => {
  await store[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

it('keeps every row of a file of the original: the first of each key in its table, the others as dead letters', () => {
  using db = new DatabaseSync(path, { readOnly: true });
  const letters = db.prepare('SELECT EXP_ID, KIND, REASON, CHANNEL, LINE FROM dead_letters ORDER BY rowid').all();
  const surplus: Record<string, [kind: string, channel: string, index: number][]> = {
    telemetry: [
      ['telemetry', 'telem/n1/status', 3],
      ['telemetry', 'telem/n1/rd/sda', 4],
    ],
    traces: [['trace', 'galileo/results/traces', 3]],
    events: [
      ['event', 'galileo/events', 1],
      ['event', 'galileo/events', 2],
      ['event', 'galileo/events', 5],
    ],
  };
  const after = contents();
  for (const table of tables) {
    const moved = new Set((surplus[table] ?? []).map(([, , index]) => index));
    expect(after[table], table).toEqual(before[table]!.filter((_, index) => !moved.has(index)));
  }
  const expected = Object.entries(surplus).flatMap(([table, entries]) =>
    entries.map(([kind, channel, index]) => {
      const { EXP_ID, ...columns } = before[table]![index] as Record<string, unknown>;
      return { EXP_ID, KIND: kind, REASON: 'duplicate', CHANNEL: channel, line: { ROWID: index + 1, ...columns } };
    }),
  );
  expect(letters.map(({ LINE, ...row }) => ({ ...row, line: JSON.parse(String(LINE)) }))).toEqual(expected);
});

it('reads what the original wrote', async () => {
  expect(await store.experiments.list({ limit: 10 })).toEqual([
    {
      id: '202611240212-0000',
      name: '202611240212-0000',
      creator: '',
      start: 1795486297.9317744,
      end: null,
      created: 1795486297.9317744,
      status: 'RUNNING',
      reason: null,
      file: null,
      fileName: null,
      summary: null,
    },
    expect.objectContaining({ id, name: 'my experiment', creator: 'me', end: 1795486309.326085, status: 'FINISHED' }),
  ]);
  expect(await store.nodeInfo.read(id)).toEqual(new Map([['n1', { arch: 'amd64', cpus: '8' }]]));
  const traces = await collect(store.traces(id));
  expect(traces.map(({ requestId }) => requestId)).toEqual(['976ede1133:1', '976ede1133:2', 'b39477fbda:1']);
  expect(traces[2]).toEqual({
    requestId: 'b39477fbda:1',
    client: 'w2:svc:2',
    service: 'svc',
    created: 1795486303.0340757,
    sent: 1795486303.0370963,
    done: 1795486303.2184772,
    status: -1,
    server: null,
    ...noDetails,
  });
  expect((await store.events(id)).map(({ name, value }) => [name, value])).toEqual([
    ['x', 'y'],
    ['empty', null],
    ['empty', ''],
  ]);
  expect(await store.counts(id)).toEqual({
    traces: new Map([
      ['976ede1133', 2],
      ['b39477fbda', 1],
    ]),
    telemetry: new Map([['n1', 3]]),
    events: 3,
    rejected: new Map([
      ['event', 3],
      ['telemetry', 2],
      ['trace', 1],
    ]),
  });
});

it('gives an experiment of the original our details, and takes new rows', async () => {
  await store.experiments.update('202611240212-0000', { status: 'FAILED', end: 5, reason: 'its recorder is gone' });
  expect(await store.experiments.get('202611240212-0000')).toMatchObject({ status: 'FAILED', reason: 'its recorder is gone' });
  await store.write(batch({ telemetry: [telemetry({ expId: id, node: 'n3' })], traces: [trace({ expId: id })] }));
  expect((await store.counts(id)).telemetry.get('n3')).toBe(1);
});

it('leaves the file readable for the original: same columns, and inserts in its own column order', () => {
  using db = new DatabaseSync(path);
  const row = db.prepare('INSERT INTO traces VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
  row.run('0000000000:1', 'w', 's', 1, 1, 2, 200, 'ok', '{}', 'h', '202611240212-0000');
  db.prepare('INSERT INTO events VALUES (?, ?, ?, ?)').run('202611240212-0000', '1795486029.4609933', 'x', null);
  const found = db.prepare("SELECT TIMESTAMP FROM events WHERE exp_id IN ('202611240212-0000')").get();
  expect(found).toEqual({ TIMESTAMP: 1795486029.4609933 });
});

it('changes nothing when it is opened again', async () => {
  const once = contents();
  await using again = await openStore({ path });
  expect(contents()).toEqual(once);
  expect((await again.counts(id)).rejected.get('event')).toBe(3);
});
