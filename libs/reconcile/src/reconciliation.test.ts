import { type RecordKindName, recordKinds } from '@galileo/bus';
import { type Ledger, type ReconcileRequest, type ReconcileResponse, RecordFilter, RecordKind } from '@galileo/proto/recorder';
import { WireError } from '@galileo/wire';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { allFinal, type Book, closeInterval, createBook, knowsInterval, openInterval } from './book.ts';
import { type BookRow, bookRow, readBook } from './book-state.ts';
import { addCounter } from './counters.ts';
import { createFiling, placesOf, type Sink } from './filing.ts';
import { finalLedger } from './ledger.ts';
import { type ClosedInterval, createProducerProtocol, type Line } from './producer-protocol.ts';
import { doubtsAbout, type RowCounts } from './row-mismatches.ts';
import { applyStatement, statementProblem } from './statements.ts';

// A model of producers, streams, recorder and store. Streams deliver in order, but each at its own pace; they break and lose
// what is under way; the recorder dies and comes back with what was committed.

const filters = [
  RecordFilter.fromPartial({}),
  RecordFilter.fromPartial({ kinds: [RecordKind.TRACE] }),
  RecordFilter.fromPartial({ clients: ['w:svc:0'], nodes: ['node-0'] }),
  RecordFilter.fromPartial({ kinds: [RecordKind.TELEMETRY, RecordKind.EVENT], nodes: ['node-1'] }),
];

const producerIndex = fc.integer({ min: 0, max: 1 });
const action = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('issue' as const), p: producerIndex, client: fc.integer({ min: 0, max: 1 }) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('finish' as const),
      p: producerIndex,
      pick: fc.nat(9),
      how: fc.constantFrom('ok', 'ok', 'ok', 'unrecorded', 'nan', 'unwritable'),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('sample' as const),
      p: producerIndex,
      node: fc.integer({ min: 0, max: 1 }),
      value: fc.constantFrom(1.5, 1.5, 1.5, Number.NaN),
      late: fc.constantFrom(0, 0, 0, 1, 80),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('event' as const), p: producerIndex }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('tick' as const), span: fc.constantFrom(0.1, 1, 5, 70) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('start' as const), filter: fc.integer({ min: 0, max: 3 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('stop' as const), pick: fc.nat(5) }) },
  { weight: 12, arbitrary: fc.record({ do: fc.constant('tell' as const), p: producerIndex }) },
  { weight: 12, arbitrary: fc.record({ do: fc.constant('answer' as const), p: producerIndex }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('batch' as const), p: producerIndex }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('commit' as const) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('acknowledge' as const), p: producerIndex }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('state' as const), p: producerIndex }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('settle' as const), p: producerIndex }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('disconnect' as const), p: producerIndex }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const) }) },
);
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

interface ModelBatch {
  sequence: number;
  lines: { kind: RecordKindName; channel: string; line: string }[];
}

/** Runs actions, heals everything, stops all recordings. `drop` tells which published lines vanish on the way (by number). */
function simulate(steps: readonly Action[], drop: (n: number) => boolean = () => false) {
  let now = 1_700_000_000;
  let published = 0;
  const dropped: string[] = [];

  // The store, and what is to be committed.
  const rows = new Map<string, { exp: string; kind: RecordKindName; key: string; of: string; dead: boolean }>();
  const saved = new Map<string, BookRow>();
  let pending: { exp: string; kind: RecordKindName; key: string; of: string; dead: boolean }[] = [];
  let deadLetters = 0;

  // The recorder.
  let books: Book[] = [];
  const ledgers = new Map<string, Ledger>();
  let accepted = new Map<string, number>();
  let durable = new Map<string, number>();

  const producers = [0, 1].map(index => ({
    id: `client/n${index}/x`,
    protocol: createProducerProtocol({ producerId: `client/n${index}/x`, service: 'client', node: `n${index}` }),
    connected: false,
    up: [] as ReconcileRequest[],
    down: [] as ReconcileResponse[],
    clients: [0, 1].map(n => ({ clientId: `w:svc:${n}`, token: `${index}${n}`.repeat(8), issued: 0 })),
    inFlight: [] as { client: number; counter: number; created: number }[],
    batches: [] as ModelBatch[],
    cursor: 0,
    sequence: 0,
    durable: 0,
    settling: [] as ClosedInterval[],
    samples: 0,
    settledTo: 0,
  }));
  type Model = (typeof producers)[number];

  const publish = (p: Model, kind: RecordKindName, line: Line | WireError) => {
    if (line instanceof WireError) return;
    p.sequence++;
    const vanishes = drop(published++);
    if (vanishes) dropped.push(`${p.id} ${line.channel} ${line.line}`);
    p.batches.push({ sequence: p.sequence, lines: vanishes ? [] : [{ kind, ...line }] });
  };

  const finish = (p: Model, flight: (typeof p.inFlight)[number], how: string) => {
    p.inFlight.splice(p.inFlight.indexOf(flight), 1);
    const client = p.clients[flight.client]!;
    if (how === 'unrecorded') {
      p.protocol.unrecorded(client.token, flight.counter);
      return;
    }
    const trace = {
      requestId: `${client.token}:${flight.counter}`,
      client: client.clientId,
      service: 'svc',
      created: flight.created,
      sent: how === 'nan' ? Number.NaN : flight.created,
      done: now,
      status: 200,
      server: how === 'unwritable' ? 'a,b' : null,
      expId: null,
      headers: null,
      response: null,
    };
    publish(p, 'trace', p.protocol.trace(trace));
  };

  const connect = (p: Model) => {
    if (p.connected) return;
    p.connected = true;
    p.up = [...p.protocol.connected()];
    p.down = [];
  };
  const disconnect = (p: Model) => {
    p.connected = false;
    p.up = [];
    p.down = [];
    p.cursor = 0;
  };

  const commit = () => {
    for (const row of pending) rows.set(`${row.exp} ${row.kind} ${row.key}${row.dead ? ` dead ${deadLetters++}` : ''}`, row);
    pending = [];
    for (const book of books) saved.set(book.recordingId, structuredClone(bookRow(book)));
    for (const [id, sequence] of accepted) durable.set(id, sequence);
  };

  const acknowledge = (p: Model) => {
    p.durable = Math.max(p.durable, durable.get(p.id) ?? 0);
    const gone = p.batches.filter(batch => batch.sequence <= p.durable).length;
    p.batches.splice(0, gone);
    p.cursor = Math.max(0, p.cursor - gone);
  };

  const tell = (p: Model) => {
    const message = p.up.shift()?.message;
    if (message === undefined) return false;
    if (message.$case === 'hello') {
      p.down = books.flatMap(({ recordingId, filter, end }): ReconcileResponse[] => [
        { message: { $case: 'open', value: { recordingId, filter } } },
        ...(end !== undefined ? [{ message: { $case: 'close' as const, value: { recordingId } } }] : []),
      ]);
      p.down.push({ message: undefined });
    } else if (message.$case !== 'clock' && message.$case !== 'source') {
      const book = books.find(({ recordingId }) => recordingId === message.value.recordingId);
      if (book === undefined) return true;
      if (message.$case === 'opened') openInterval(book, p.id, message.value.from);
      else if (message.$case === 'closed') closeInterval(book, p.id, message.value.to);
      else {
        expect(statementProblem(message.value)).toBeUndefined();
        const account = book.accounts.get(p.id);
        if (account !== undefined) applyStatement(account, message.value);
      }
    }
    return true;
  };

  const answer = (p: Model) => {
    const message = p.down.shift();
    if (message === undefined) return false;
    const reaction = p.protocol.receive(message, now);
    p.up.push(...reaction.send);
    p.settling.push(...reaction.settle);
    return true;
  };

  const deliver = (p: Model) => {
    const batch = p.batches[p.cursor];
    if (batch === undefined || !books.every(book => knowsInterval(book, p.id))) return false;
    p.cursor++;
    if (batch.sequence <= (accepted.get(p.id) ?? 0)) return true;
    accepted.set(p.id, batch.sequence);
    const add = (book: Book, kind: RecordKindName, key: string, of: string, dead = false) =>
      pending.push({ exp: book.recordingId, kind, key, of, dead });
    const sink: Sink = {
      trace: (book, trace) => add(book, 'trace', trace.requestId, trace.requestId.split(':')[0]!),
      telemetry: (book, sample) =>
        add(book, 'telemetry', `${sample.node} ${sample.metric} ${sample.subsystem} ${sample.timestamp}`, sample.node),
      event: (book, event) => add(book, 'event', `${event.timestamp} ${event.name} ${event.value}`, ''),
      deadLetter: (book, kind, _reason, channel, line) => add(book, kind, `${channel} ${line}`, '', true),
    };
    const places = placesOf(books, p.id);
    const filing = createFiling({ books, places: () => places, producerId: p.id, sequence: batch.sequence, sink });
    for (const { channel, line } of batch.lines) expect(filing.file(channel, line)).toBe('filed');
    return true;
  };

  const settle = (p: Model) => {
    const [closed] = p.settling;
    if (closed === undefined) return false;
    for (const flight of p.inFlight.filter(({ created }) => created < closed.to)) finish(p, flight, 'ok');
    if (p.durable < p.sequence) return false;
    p.settling.shift();
    p.settledTo = Math.max(p.settledTo, closed.to);
    const final = p.protocol.settled(closed.recordingId);
    if (p.connected) p.up.push(...final);
    return true;
  };

  const counts = (exp: string): RowCounts => {
    const traces = new Map<string, number>();
    const telemetry = new Map<string, number>();
    const rejected = new Map<RecordKindName, number>();
    let events = 0;
    const count = <K>(map: Map<K, number>, key: K) => map.set(key, (map.get(key) ?? 0) + 1);
    for (const row of rows.values()) {
      if (row.exp !== exp) continue;
      if (row.dead) count(rejected, row.kind);
      else if (row.kind === 'trace') count(traces, row.of);
      else if (row.kind === 'telemetry') count(telemetry, row.of);
      else events++;
    }
    return { traces, telemetry, events, rejected };
  };

  const conclude = () => {
    for (const book of books.filter(one => one.end !== undefined && one.accounts.size === producers.length && allFinal(one))) {
      books = books.filter(one => one !== book);
      commit();
      ledgers.set(book.recordingId, finalLedger(book, counts(book.recordingId), undefined));
      concluded.set(book.recordingId, book);
      saved.delete(book.recordingId);
    }
  };
  const concluded = new Map<string, Book>();

  const crash = () => {
    pending = [];
    books = [...saved.values()].map(readBook);
    accepted = new Map();
    for (const book of books) {
      for (const account of book.accounts.values()) {
        accepted.set(account.producerId, Math.max(accepted.get(account.producerId) ?? 0, account.sequence));
      }
    }
    durable = new Map(accepted);
    for (const p of producers) disconnect(p);
  };

  const act = (step: Action) => {
    if (step.do === 'tick') now += step.span;
    else if (step.do === 'commit') commit();
    else if (step.do === 'crash') crash();
    else if (step.do === 'start') {
      if (books.length > 2) return;
      const book = createBook(`exp-${ledgers.size}-${books.length}-${now}-${published}`, now, filters[step.filter]!, false);
      if (books.some(({ recordingId }) => recordingId === book.recordingId)) return;
      books.push(book);
      saved.set(book.recordingId, bookRow(book));
      for (const p of producers) {
        const { recordingId, filter } = book;
        // Only after the hello is the producer known; it is told about all recordings then.
        if (p.connected && p.up[0]?.message?.$case !== 'hello')
          p.down.push({ message: { $case: 'open', value: { recordingId, filter } } });
      }
    } else if (step.do === 'stop') {
      const book = books[step.pick % Math.max(1, books.length)];
      if (book === undefined || book.end !== undefined) return;
      book.end = now;
      commit();
      for (const p of producers) {
        if (p.connected && p.up[0]?.message?.$case !== 'hello')
          p.down.push({ message: { $case: 'close', value: { recordingId: book.recordingId } } });
      }
    } else {
      const p = producers[step.p]!;
      if (step.do === 'issue') {
        const client = p.clients[step.client]!;
        client.issued++;
        p.inFlight.push({ client: step.client, counter: client.issued, created: now });
        now += 0.001;
      } else if (step.do === 'finish') {
        const flight = p.inFlight[step.pick % Math.max(1, p.inFlight.length)];
        if (flight !== undefined) finish(p, flight, step.how);
      } else if (step.do === 'sample') {
        now += 0.001;
        // A late sample is still older than no interval that was settled without it.
        const timestamp = Math.max(now - step.late, p.settledTo);
        const subsystem = `${p.samples++}`;
        const sample = { node: `node-${step.node}`, metric: `m${step.p}`, subsystem, timestamp, value: step.value };
        publish(p, 'telemetry', p.protocol.telemetry(sample));
      } else if (step.do === 'event') {
        now += 0.001;
        publish(p, 'event', p.protocol.event({ timestamp: now, name: `e${step.p}`, value: null }));
      } else if (step.do === 'tell') {
        connect(p);
        tell(p);
      } else if (step.do === 'answer') answer(p);
      else if (step.do === 'batch') deliver(p);
      else if (step.do === 'acknowledge') acknowledge(p);
      else if (step.do === 'state') p.up.push(...(p.connected ? p.protocol.statements(now) : []));
      else if (step.do === 'settle') settle(p);
      else disconnect(p);
    }
    conclude();
  };

  const quiesce = () => {
    for (let round = 0; round < 20; round++) {
      for (const p of producers) {
        connect(p);
        let busy = true;
        while (busy) {
          busy = false;
          while (tell(p) || answer(p) || deliver(p)) busy = true;
        }
      }
      commit();
      for (const p of producers) acknowledge(p);
      for (const p of producers) while (settle(p));
      conclude();
    }
  };

  for (const step of steps) act(step);
  quiesce();
  while (books.some(book => book.end === undefined)) act({ do: 'stop', pick: books.findIndex(book => book.end === undefined) });
  quiesce();
  expect(books.map(book => book.recordingId)).toEqual([]);
  return { ledgers, concluded, rows, counts, dropped };
}

const runs = { numRuns: 150 } as const;
const actions = fc.array(action, { minLength: 100, maxLength: 600, size: 'max' });

test('whatever breaks: produced = stored + rejected + lost, and there is nothing to complain about', () => {
  let recordings = 0;
  let records = 0;
  fc.assert(
    fc.property(actions, steps => {
      const { ledgers } = simulate(steps);
      for (const ledger of ledgers.values()) {
        recordings++;
        expect(ledger.mismatches).toEqual([]);
        expect(ledger.final).toBe(true);
        for (const { produced, stored, rejected, lost } of ledger.entries) {
          records += produced;
          expect(produced).toBe(stored + rejected + lost);
        }
      }
    }),
    runs,
  );
  expect(recordings).toBeGreaterThan(300);
  expect(records).toBeGreaterThan(1000);
}, 60_000);

test('lines that vanish on the way are counted as lost, exactly, and named', () => {
  let missed = 0;
  fc.assert(
    fc.property(actions, fc.nat(6), (steps, every) => {
      const whole = simulate(steps);
      const holed = simulate(steps, n => n % 7 === every);
      expect([...holed.ledgers.keys()]).toEqual([...whole.ledgers.keys()]);
      for (const [id, ledger] of holed.ledgers) {
        const before = whole.ledgers.get(id)!;
        let missing = 0;
        for (const [i, entry] of ledger.entries.entries()) {
          expect(entry.produced).toBe(before.entries[i]!.produced);
          expect(entry.stored + entry.rejected + entry.lost).toBe(entry.produced);
          missing += entry.lost - before.entries[i]!.lost;
        }
        expect(missing > 0).toBe(ledger.mismatches.length > 0);
        missed += missing;
      }
    }),
    runs,
  );
  expect(missed).toBeGreaterThan(50);
}, 60_000);

test('rows that are deleted behind the back are missed, and their client or node is named', () => {
  fc.assert(
    fc.property(actions, fc.nat(), (steps, pick) => {
      const { concluded, rows, counts } = simulate(steps);
      const live = [...rows].filter(([, row]) => !row.dead);
      if (live.length === 0) return;
      const [key, row] = live[pick % live.length]!;
      rows.delete(key);
      const book = concluded.get(row.exp)!;
      const found = counts(row.exp);
      const doubts = doubtsAbout(book, found);
      const counters = new Map<string, number[]>([...doubts.tokens].map(token => [token, []]));
      for (const other of rows.values()) {
        if (other.exp === row.exp && other.kind === 'trace' && !other.dead && counters.has(other.of)) {
          addCounter(counters.get(other.of)!, Number(other.key.split(':')[1]));
        }
      }
      const ledger = finalLedger(book, found, { counters, buckets: new Map() });
      const text = ledger.mismatches.join('\n');
      if (row.kind === 'trace') {
        const client = [...book.accounts.values()].map(account => account.clients.get(row.of)).find(one => one !== undefined)!;
        expect(text).toContain(`traces of client ${client.clientId}: `);
        if (client.rejected === 0) expect(text).toContain(`counters ${row.key.split(':')[1]} are gone`);
      } else if (row.kind === 'telemetry') expect(text).toContain(`telemetry of ${row.of}: `);
      else expect(text).toContain('events: ');
      expect(ledger.mismatches.length).toBeGreaterThanOrEqual(2);
    }),
    runs,
  );
}, 60_000);

test('kinds that a recording leaves out have no entry', () => {
  const book = createBook('e', 0, filters[1]!, false);
  const ledger = finalLedger(book, { traces: new Map(), telemetry: new Map(), events: 0, rejected: new Map() }, undefined);
  expect(ledger.entries.map(entry => entry.kind)).toEqual([RecordKind.TRACE]);
  expect(recordKinds).toHaveLength(3);
});
