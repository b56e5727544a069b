import { DatabaseSync } from 'node:sqlite';
import { temporaryDirectory } from '@galileo/testkit';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { type ExperimentStore, openStore, StoreError, type TraceSummary } from '../src/index.ts';
import { batch, collect, event, expId, noDetails, telemetry, trace } from './rows.ts';

const directory = await temporaryDirectory();
const store: ExperimentStore = await openStore({ path: `${directory.path}/galileo.sqlite` });

beforeEach(async () => {
  for (const id of [expId, 'other']) await store.experiments.remove(id);
});
afterAll(async () => {
  await store[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

describe('write', () => {
  it('stores each kind where Galileo looks for it', async () => {
    await store.write(batch({ telemetry: [telemetry({ subsystem: 'eth0' })], traces: [trace()], events: [event()] }));
    using db = new DatabaseSync(store.path, { readOnly: true });
    expect(db.prepare('SELECT * FROM telemetry').get()).toEqual({
      EXP_ID: expId,
      TIMESTAMP: 1700000000.1234567,
      METRIC: 'cpu',
      SUBSYSTEM: 'eth0',
      NODE: 'n1',
      VALUE: 12.5,
    });
    expect(db.prepare('SELECT * FROM traces').get()).toEqual({
      REQUEST_ID: '0123456789abcdef:1',
      CLIENT: 'w1:pi:0',
      SERVICE: 'pi',
      CREATED: 1700000000.1,
      SENT: 1700000000.1234567,
      DONE: 1700000000.25,
      STATUS: 200,
      RESPONSE: 'line 1\nline 2, 🙂',
      HEADERS: '{"Server": "pi"}',
      SERVER: '127.0.0.1:8080',
      EXP_ID: expId,
    });
    expect(db.prepare('SELECT * FROM events').get()).toEqual({
      EXP_ID: expId,
      TIMESTAMP: 1700000000.1234567,
      NAME: 'pod/running',
      VALUE: '{"podUid": "u"}',
    });
    expect(db.prepare('SELECT typeof(STATUS) AS type FROM traces').get()).toEqual({ type: 'integer' });
  });

  it('stores a record once, however often and in whatever company it arrives; the first stays', async () => {
    const deadLetter = { expId, kind: 'telemetry', producer: 'p', reason: 'r', channel: 'c', line: 'l', at: 1 } as const;
    const clockOffset = { expId, producer: 'p', at: 1, offset: 0.5, uncertainty: 0.1, segment: 2 };
    const all = { telemetry: [telemetry()], traces: [trace()], events: [event()] };
    await store.write(batch({ ...all, deadLetters: [deadLetter], clockOffsets: [clockOffset] }));
    await store.write(
      batch({
        telemetry: [telemetry({ value: 99 }), telemetry({ metric: 'ram' }), telemetry({ metric: 'ram' })],
        traces: [trace({ status: 500, details: noDetails }), trace({ requestId: '0123456789abcdef:2' })],
        events: [event(), event({ name: 'pod/pending' })],
        deadLetters: [{ ...deadLetter, at: 2 }],
        clockOffsets: [{ ...clockOffset, offset: 0.6 }],
      }),
    );
    expect(await store.counts(expId)).toEqual({
      traces: new Map([['0123456789abcdef', 2]]),
      telemetry: new Map([['n1', 2]]),
      events: 2,
      rejected: new Map([['telemetry', 1]]),
    });
    expect((await collect(store.telemetry(expId)))[0]?.value).toBe(12.5);
    expect((await collect(store.traces(expId)))[0]).toMatchObject({ status: 200, bytes: 17 });
    expect(await store.clockOffsets(expId)).toEqual([clockOffset]);
  });

  it.each([
    ['telemetry of another experiment', { telemetry: [telemetry(), telemetry({ expId: 'other' })] }],
    ['telemetry of another node', { telemetry: [telemetry(), telemetry({ node: 'n2' })] }],
    ['telemetry of another metric', { telemetry: [telemetry(), telemetry({ metric: 'CPU' })] }],
    ['telemetry of another subsystem', { telemetry: [telemetry({ subsystem: 'a' }), telemetry({ subsystem: 'b' })] }],
    ['telemetry of another time', { telemetry: [telemetry(), telemetry({ timestamp: 1700000000.123457 })] }],
    ['an event without value and one with an empty value', { events: [event({ value: null }), event({ value: '' })] }],
    ['events with different values', { events: [event(), event({ value: 'x' })] }],
    ['a trace of another experiment', { traces: [trace(), trace({ expId: 'other' })] }],
    ['a trace with another number', { traces: [trace(), trace({ requestId: '0123456789abcdef:10' })] }],
  ])('keeps apart %s', async (_, rows) => {
    await store.write(batch(rows));
    const all = [await store.counts(expId), await store.counts('other')];
    const numbers = all.flatMap(({ traces, telemetry: nodes, events }) => [...traces.values(), ...nodes.values(), events]);
    expect(numbers.reduce((sum, number) => sum + number)).toBe(2);
  });

  it.each([
    ['a value that is NaN', { telemetry: [telemetry({ value: Number.NaN })] }, 'NOT NULL constraint failed: telemetry.VALUE'],
    ['a time that is NaN', { events: [event({ timestamp: Number.NaN })] }, 'NOT NULL constraint failed: events.TIMESTAMP'],
  ])('stores nothing of a batch with %s', async (_, bad, message) => {
    const good = { telemetry: [telemetry({ metric: 'ram' })], traces: [trace()], events: [event()] };
    const mixed = batch({
      ...good,
      telemetry: [...good.telemetry, ...('telemetry' in bad ? bad.telemetry : [])],
      events: [...good.events, ...('events' in bad ? bad.events : [])],
      recordings: [{ expId, start: 1, end: null, state: '{}' }],
    });
    await expect(store.write(mixed)).rejects.toThrow(`experiment store ${store.path}: ${message}`);
    await expect(store.write(mixed)).rejects.toThrow(StoreError);
    expect(await store.counts(expId)).toEqual({ traces: new Map(), telemetry: new Map(), events: 0, rejected: new Map() });
    expect(await store.recordings.unsettled(0)).toEqual([]);
    await store.write(batch(good));
    expect((await store.counts(expId)).events).toBe(1);
  });

  it('rejects what can not be handed to the worker, and goes on', async () => {
    const strange = telemetry({ metric: (() => 1) as unknown as string });
    await expect(store.write(batch({ telemetry: [strange] }))).rejects.toThrow('could not be cloned');
    await store.write(batch({ telemetry: [telemetry()] }));
    expect((await store.counts(expId)).telemetry).toEqual(new Map([['n1', 1]]));
  });
});

describe('counts', () => {
  it('counts traces per token, telemetry per node, dead letters per kind', async () => {
    const letter = (kind: 'trace' | 'telemetry', line: string) =>
      ({ expId, kind, producer: 'p', reason: 'value is not a number', channel: 'c', line, at: 1 }) as const;
    await store.write(
      batch({
        traces: ['a:1', 'a:2', 'b:1', 'a:10', 'no counter'].map(requestId => trace({ requestId })),
        telemetry: [telemetry(), telemetry({ metric: 'ram' }), telemetry({ node: 'n2' })],
        events: [event(), event({ value: null })],
        deadLetters: [letter('trace', '1'), letter('telemetry', '1'), letter('telemetry', '2')],
      }),
    );
    expect(await store.counts(expId)).toEqual({
      traces: new Map([
        ['a', 3],
        ['b', 1],
        ['no counter', 1],
      ]),
      telemetry: new Map([
        ['n1', 2],
        ['n2', 1],
      ]),
      events: 2,
      rejected: new Map([
        ['telemetry', 2],
        ['trace', 1],
      ]),
    });
  });

  it('sees a row that was deleted behind its back', async () => {
    await store.write(batch({ traces: [trace(), trace({ requestId: '0123456789abcdef:2' })] }));
    using db = new DatabaseSync(store.path);
    db.exec("DELETE FROM traces WHERE REQUEST_ID = '0123456789abcdef:2'");
    expect((await store.counts(expId)).traces).toEqual(new Map([['0123456789abcdef', 1]]));
  });
});

describe('reading', () => {
  it('gives traces in the order of their creation, without bodies', async () => {
    await store.write(
      batch({
        traces: [
          trace({ requestId: 'a:2', created: 2 }),
          trace({
            requestId: 'a:3',
            created: 3,
            sent: -1,
            status: -1,
            server: null,
            details: { ...noDetails, error: 'refused' },
          }),
          trace({ requestId: 'a:1', created: 1, details: noDetails }),
          trace({ requestId: 'a:1', created: 0, expId: 'other' }),
        ],
      }),
    );
    const base = { client: 'w1:pi:0', service: 'pi', done: 1700000000.25 };
    expect(await collect(store.traces(expId))).toEqual([
      { ...base, requestId: 'a:1', created: 1, sent: 1700000000.1234567, status: 200, server: '127.0.0.1:8080', ...noDetails },
      {
        ...base,
        requestId: 'a:2',
        created: 2,
        sent: 1700000000.1234567,
        status: 200,
        server: '127.0.0.1:8080',
        ...trace().details,
      },
      { ...base, requestId: 'a:3', created: 3, sent: -1, status: -1, server: null, ...noDetails, error: 'refused' },
    ]);
  });

  it('gives each of many traces once, in chunks, also where many were created at the same time', async () => {
    const rows = Array.from({ length: 13_000 }, (_, i) => trace({ requestId: `t:${i}`, created: (i * 7919) % 10 }));
    await store.write(batch({ traces: rows }));
    const chunks: (readonly TraceSummary[])[] = [];
    for await (const chunk of store.traces(expId)) chunks.push(chunk);
    expect(chunks.map(chunk => chunk.length)).toEqual([4000, 4000, 4000, 1000]);
    const found = chunks.flat();
    expect(new Set(found.map(({ requestId }) => requestId)).size).toBe(13_000);
    expect(found.map(({ created }) => created)).toEqual(rows.map(({ created }) => created).sort((a, b) => a - b));
  });

  it('gives each of many samples once, by time, node and metric, also where the subsystem alone differs', async () => {
    const rows = Array.from({ length: 9_000 }, (_, i) =>
      telemetry({
        timestamp: i % 2,
        node: `n${i % 3}`,
        subsystem: i < 6 ? null : `s${Math.floor(i / 6)}`,
        metric: 'cpu',
        value: i,
      }),
    );
    await store.write(batch({ telemetry: rows.toReversed() }));
    const found = await collect(store.telemetry(expId));
    const order = (row: (typeof rows)[0]) => [row.timestamp, row.node, row.metric, row.subsystem ?? ''].join(' ');
    expect(found).toHaveLength(9_000);
    expect(found).toEqual(rows.toSorted((a, b) => (order(a) < order(b) ? -1 : 1)));
  });

  it('gives the telemetry of some metrics', async () => {
    const metrics = ['cpu', 'ram', 'rx', 'proc_cpu'];
    const rows = Array.from({ length: 9000 }, (_, i) => telemetry({ timestamp: i, metric: metrics[i % 4]!, value: i }));
    await store.write(batch({ telemetry: rows }));
    const found = await collect(store.telemetry(expId, { metrics: ['proc_cpu', 'cpu'] }));
    expect(found).toEqual(rows.filter(({ metric }) => metric === 'cpu' || metric === 'proc_cpu'));
    expect(await collect(store.telemetry(expId, { metrics: [] }))).toEqual([]);
  });

  it('gives the telemetry of a half-open span of time, alone or with metrics', async () => {
    const metrics = ['cpu', 'ram', 'rx'];
    const rows = Array.from({ length: 15_000 }, (_, i) =>
      telemetry({ timestamp: Math.floor(i / 3), metric: metrics[i % 3]!, value: i }),
    );
    await store.write(batch({ telemetry: [...rows, telemetry({ expId: 'other', timestamp: 2000 })] }));
    const within = (from: number, to: number) => rows.filter(({ timestamp }) => timestamp >= from && timestamp < to);
    const found = (span: readonly [number, number], of?: readonly string[]) =>
      collect(store.telemetry(expId, { span, ...(of && { metrics: of }) }));
    expect(await found([5, 10])).toEqual(within(5, 10));
    expect(await found([5, 5.5])).toEqual(within(5, 6));
    expect(await found([5, 5])).toEqual([]);
    expect(await found([10, 5])).toEqual([]);
    expect(await found([6000, 7000])).toEqual([]);
    // Several pages, of which each goes on behind the last one.
    expect(await found([100, 4900])).toEqual(within(100, 4900));
    expect(await found([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY])).toEqual(rows);
    const some = within(500, 4500).filter(({ metric }) => metric !== 'ram');
    expect(await found([500, 4500], ['rx', 'cpu'])).toEqual(some);
    expect(await found([500, 4500], [])).toEqual([]);
  });

  it('gives the dead letters of one kind, in the order in which they came', async () => {
    const letter = (kind: 'trace' | 'telemetry' | 'event', line: string, at: number, id = expId) =>
      ({ expId: id, kind, producer: 'p', reason: 'value is not a number', channel: `c/${kind}`, line, at }) as const;
    const lines = ['9', '1', 'grüß 🙂\u0000', ''];
    const telemetryLetters = lines.map((line, i) => letter('telemetry', line, 10 - i));
    const traceLetter = letter('trace', '1', 3);
    await store.write(batch({ deadLetters: [telemetryLetters[0]!, traceLetter, letter('telemetry', '1', 1, 'other')] }));
    await store.write(batch({ deadLetters: [...telemetryLetters, { ...traceLetter, reason: 'another', at: 99 }] }));
    expect(await store.deadLetters(expId, 'telemetry')).toEqual(telemetryLetters);
    expect(await store.deadLetters(expId, 'trace')).toEqual([traceLetter]);
    expect(await store.deadLetters(expId, 'event')).toEqual([]);
  });

  it('gives nothing of an experiment that is not there', async () => {
    expect(await collect(store.traces('other'))).toEqual([]);
    expect(await collect(store.telemetry('other'))).toEqual([]);
    expect(await store.events('other')).toEqual([]);
  });

  it('lets a reader stop early, and others write while it reads', async () => {
    await store.write(batch({ traces: Array.from({ length: 9_000 }, (_, i) => trace({ requestId: `t:${i}`, created: i })) }));
    let seen = 0;
    for await (const chunk of store.traces(expId)) {
      seen += chunk.length;
      await store.write(batch({ events: [event({ timestamp: seen })] }));
      if (seen >= 8000) break;
    }
    expect(seen).toBe(8000);
    expect(await store.events(expId)).toEqual([event({ timestamp: 4000 }), event({ timestamp: 8000 })]);
  });

  it('gives events by time', async () => {
    const events = [event({ timestamp: 3 }), event({ timestamp: 1, value: null }), event({ timestamp: 2, value: '' })];
    await store.write(batch({ events }));
    expect((await store.events(expId)).map(({ value }) => value)).toEqual([null, '', events[0]!.value]);
  });
});
