import type { RecordKindName } from '@galileo/bus';
import { type Ledger, type ReconcileRequest, type ReconcileResponse, RecordFilter, RecordKind } from '@galileo/proto/recorder';
import { type TelemetrySample, type Trace, WireError } from '@galileo/wire';
import { type Account, type Book, closeInterval, createBook, knowsInterval, openInterval } from './book.ts';
import { hasCounter } from './counters.ts';
import { createFiling, type Place } from './filing.ts';
import { kindName } from './filter.ts';
import { finalLedger } from './ledger.ts';
import { countAgain } from './predecessor.ts';
import { createProducerProtocol, type Line, type ProducerProtocol, type Reaction } from './producer-protocol.ts';
import { allComplete, bucketSpan, bucketsToCount, conclude, type Question, questionFor, takeDurable } from './repair.ts';
import { parseRequestId } from './request-id.ts';
import { resend } from './resend.ts';
import { doubtsAbout } from './row-mismatches.ts';
import { createSimulatedStore } from './simulated-store.ts';
import { contentsOf } from './spool/contents.ts';
import type { SpooledRecord } from './spool/segment-format.ts';
import type { ProducerState } from './spool/state.ts';
import { choose } from './spool/wanted.ts';
import { applyStatement, statementProblem } from './statements.ts';
import { bucketOf } from './tally.ts';

// A world of producers with spools, a bus that carries lines without names, streams, a recorder and a store, all in one
// thread and on one clock, so that every step can be chosen. The state machines are the real ones.

const filters = [
  RecordFilter.fromPartial({}),
  RecordFilter.fromPartial({ kinds: [RecordKind.TRACE] }),
  RecordFilter.fromPartial({ clients: ['w0:pi:0'], nodes: ['n0'] }),
  RecordFilter.fromPartial({ kinds: [RecordKind.TELEMETRY, RecordKind.EVENT], nodes: ['n1'] }),
];

/** What a producer has made. */
interface Made {
  readonly kind: RecordKindName;
  readonly time: number;
  readonly service: string;
  readonly client: string;
  readonly node: string;
  /** Undefined if no line can hold it. */
  readonly line: Line | undefined;
}

/** One life of a producer. */
interface Life {
  readonly id: string;
  readonly slot: number;
  /** No record of an earlier time is made any more. */
  earliest: number;
  protocol: ProducerProtocol;
  made: Made[];
  /** Of those, how many were made before the state was saved. */
  savedMade: number;
  spool: SpooledRecord[];
  next: number;
  state: ProducerState;
  readonly clients: { readonly clientId: string; readonly token: string; issued: number }[];
  up: ReconcileRequest[];
  down: ReconcileResponse[];
  connected: boolean;
  /** The recorder has heard its hello. */
  greeted: boolean;
  ended: boolean;
  done: boolean;
}

const noState: ProducerState = { position: 0, recordings: [], clients: [] };
/** Spooled records are released in pieces of so many, as they are in segments. */
const segment = 3;

class Mismatch extends Error {}

/** Makes a world at rest: two producers, nothing recorded. */
export function createWorld() {
  let now = 1_700_000_000;
  let lives = 0;
  let experiments = 0;
  let numbered = 0;
  let overflowed = false;

  const store = createSimulatedStore();

  // The recorder.
  let books: Book[] = [];
  /** Recordings that are settled without all producers: live records are not filed in them any more. */
  let provisional = new Set<string>();
  let owners = new Map<string, string[]>();
  let questions = new Map<string, { book: Book; question: Question }>();
  let held: Line[] = [];
  const ledgers = new Map<string, { ledger: Ledger; book: Book }>();

  const bus: Line[] = [];
  const all: Life[] = [];
  let current: Life[] = [];

  const counters = { repaired: 0, counted: 0, durable: 0, released: 0, crashes: 0, lost: 0 };

  const born = (slot: number): Life => {
    const node = `n${slot}`;
    const id = `client/${node}/${lives++}`;
    const predecessors = all.filter(life => life.slot === slot && life.ended && !life.done).map(life => life.id);
    const life: Life = {
      ...{
        id,
        slot,
        earliest: now + 0.0005,
        made: [],
        savedMade: 0,
        spool: [],
        next: 1,
        state: noState,
        clients: [],
        up: [],
        down: [],
      },
      ...{ connected: false, greeted: false, ended: false, done: false },
      protocol: createProducerProtocol({
        ...{ producerId: id, service: 'client', node, predecessors },
        onReopened: () => save(life),
      }),
    };
    all.push(life);
    return life;
  };
  current = [born(0), born(1)];

  // Producers.

  const save = (life: Life) => {
    if (life.ended) return;
    life.state = structuredClone(life.protocol.state(life.next));
    life.savedMade = life.made.length;
  };

  const react = (life: Life, reaction: Reaction) => {
    if (reaction.save) save(life);
    if (life.connected) life.up.push(...reaction.send);
    for (const { recordingId, to } of reaction.settle) {
      life.earliest = Math.max(life.earliest, to);
      const messages = life.protocol.settled(recordingId);
      save(life);
      if (life.connected) life.up.push(...messages);
    }
    if (reaction.missing !== undefined) {
      const read = (wanted: Parameters<typeof choose>[0]) => life.spool.filter(choose(wanted).holds);
      life.up.push(...resend(reaction.missing, read));
    }
    if (reaction.synchronised && life.ended) react(life, life.protocol.end(now));
  };

  const publish = (life: Life, made: Omit<Made, 'line'>, line: Line | WireError) => {
    const written = line instanceof WireError ? undefined : line;
    life.made.push({ ...made, line: written });
    if (life.connected) life.up.push(...life.protocol.sources());
    if (written === undefined) return;
    life.spool.push({ position: life.next++, kind: made.kind, ...written });
    bus.push(written);
  };

  const clientOf = (life: Life) => {
    let client = life.clients.at(-1);
    if (client === undefined) {
      client = { clientId: `w${life.slot}:pi:0`, token: `${life.slot}${numbered++}`.padStart(16, 'a'), issued: 0 };
      life.clients.push(client);
      life.protocol.openClient({ ...client, service: 'pi' });
      if (life.connected) life.up.push(...life.protocol.sources());
    }
    return client;
  };

  const trace = (life: Life, how: 'ok' | 'unrecorded' | 'nan' | 'unwritable') => {
    const { clientId, token } = clientOf(life);
    const counter = ++life.clients.at(-1)!.issued;
    now += 0.001;
    if (how === 'unrecorded') {
      life.protocol.unrecorded(token, counter);
      return;
    }
    const record: Trace = {
      ...{
        requestId: `${token}:${counter}`,
        client: clientId,
        service: 'pi',
        created: now,
        sent: how === 'nan' ? Number.NaN : now,
      },
      ...{
        done: now + 0.01,
        status: 200,
        server: how === 'unwritable' ? 'a,b' : null,
        expId: null,
        headers: null,
        response: null,
      },
    };
    publish(life, { kind: 'trace', time: now, service: 'pi', client: clientId, node: '' }, life.protocol.trace(record));
  };

  /**
   * An interval that is closed takes no late records: its producer waits for them before it closes. And no process takes a
   * sample of a time before its own start.
   */
  const lateTime = (life: Life, late: number) => Math.max(now - late, life.earliest);

  const sample = (life: Life, late: number, value: number) => {
    now += 0.001;
    const timestamp = lateTime(life, late);
    const node = `n${life.slot}`;
    const record: TelemetrySample = { node, metric: 'cpu', subsystem: `${numbered++}`, timestamp, value };
    publish(life, { kind: 'telemetry', time: timestamp, service: '', client: '', node }, life.protocol.telemetry(record));
  };

  const event = (life: Life, late: number) => {
    now += 0.001;
    const timestamp = lateTime(life, late);
    const record = { timestamp, name: `event-${life.slot}`, value: `${numbered++}` };
    publish(life, { kind: 'event', time: timestamp, service: '', client: '', node: '' }, life.protocol.event(record));
  };

  /** What the spool gives up must be in the store for every recording that it belongs to. */
  const checkReleased = (life: Life, record: SpooledRecord) => {
    counters.released++;
    for (const book of books) {
      const account = book.accounts.get(life.id);
      const made = life.made.find(({ line }) => line?.line === record.line && line.channel === record.channel)!;
      const own = life.protocol.state(0).recordings.find(({ recordingId }) => recordingId === book.recordingId);
      // The producer's own interval: the recorder may not have heard of its end.
      if (account === undefined || own === undefined || !belongs(book, own, made)) continue;
      if (store.row(book.recordingId, record.kind, record) !== undefined) continue;
      if (!isGivenUp(account, made)) throw new Mismatch(`released and not stored: ${record.channel} ${record.line}`);
    }
  };

  const isGivenUp = (account: Account, { kind, line, time, node }: Made): boolean => {
    if (kind === 'trace') {
      const { token, counter } = parseRequestId(line!.line.slice(0, line!.line.indexOf(',')))!;
      return hasCounter(account.clients.get(token)?.unavailable ?? [], counter);
    }
    const of = kind === 'event' ? account.events : account.telemetry.get(node);
    const bucket = of?.buckets.get(bucketOf(time));
    return bucket !== undefined && bucket.unavailable === bucket.version;
  };

  const statement = (life: Life) => {
    if (life.connected) life.up.push(...life.protocol.statements(now));
    if (life.ended) return;
    save(life);
    while (life.spool.length > 0) {
      const piece = life.spool.slice(0, segment);
      if (piece.at(-1)!.position >= life.state.position || life.protocol.needs(contentsOf(piece))) return;
      for (const record of piece) checkReleased(life, record);
      life.spool.splice(0, segment);
    }
  };

  const overflow = (life: Life, count: number) => {
    if (life.spool.length === 0) return;
    overflowed = true;
    // What goes was counted, and a state that is saved says so.
    save(life);
    life.spool.splice(0, count);
  };

  const disconnect = (life: Life) => {
    life.connected = false;
    life.greeted = false;
    life.up = [];
    life.down = [];
    questions.delete(life.id);
  };

  const kill = (slot: number) => {
    const life = current[slot]!;
    counters.crashes++;
    disconnect(life);
    life.ended = true;
    const node = `n${slot}`;
    // What was counted after the last state is counted again from the spool.
    life.protocol = createProducerProtocol({ producerId: life.id, service: 'client', node, ended: structuredClone(life.state) });
    for (const record of life.spool) if (record.position >= life.state.position) countAgain(life.protocol, record);
    // Of records that no line can hold only the state tells.
    life.made = life.made.filter(({ line }, index) => line !== undefined || index < life.savedMade);
    now += 0.01;
    current[slot] = born(slot);
  };

  // The recorder.

  const connect = (life: Life) => {
    if (life.connected || life.done) return;
    life.connected = true;
    life.up.push(...life.protocol.connected());
  };

  const greet = (life: Life) => {
    life.greeted = true;
    for (const book of books) {
      const account = book.accounts.get(life.id);
      if (provisional.has(book.recordingId) && account === undefined) continue;
      life.down.push({ message: { $case: 'open', value: { recordingId: book.recordingId, filter: book.filter } } });
      if (book.end !== undefined) life.down.push({ message: { $case: 'close', value: { recordingId: book.recordingId } } });
    }
    life.down.push({ message: undefined });
  };

  const placesFor = (live: readonly Book[]) => (kind: RecordKindName, source: string, time: number) => {
    const known = owners.get(`${kind} ${source}`) ?? [];
    if (known.length === 0) return undefined;
    const isAwaited = (book: Book, id: string) => {
      const account = book.accounts.get(id);
      const life = all.find(one => one.id === id && one.greeted);
      if (life !== undefined) return life.ended ? account?.to === undefined : !knowsInterval(book, id);
      return account !== undefined && account.to === undefined;
    };
    if (live.some(book => known.some(id => isAwaited(book, id)))) return undefined;
    return live.flatMap((book): Place[] => {
      let found: Account | undefined;
      for (const id of known) {
        const account = book.accounts.get(id);
        if (account !== undefined && account.from <= time && (found === undefined || account.from > found.from)) found = account;
      }
      return found === undefined ? [] : [{ book, account: found }];
    });
  };

  const file = (lines: readonly Line[]) => {
    const live = books.filter(({ recordingId }) => !provisional.has(recordingId));
    const filing = createFiling({ books: live, places: placesFor(live), producerId: 'unverified', sink: store.sink() });
    for (const line of lines) if (live.length > 0 && filing.file(line.channel, line.line) === 'held') held.push(line);
  };

  const refile = () => {
    const again = held;
    held = [];
    file(again);
  };

  const hear = (life: Life, message: NonNullable<ReconcileRequest['message']>) => {
    if (message.$case === 'hello') greet(life);
    else if (message.$case === 'source') {
      const key = `${kindName(message.value.kind)} ${message.value.name}`;
      const known = owners.get(key) ?? [];
      if (!known.includes(life.id)) owners.set(key, [...known, life.id]);
    } else if (message.$case === 'resent') {
      const asked = questions.get(life.id);
      if (asked?.book.recordingId !== message.value.recordingId) return;
      const { book, question } = asked;
      const places = () => [{ book, account: question.account }];
      const filing = createFiling({ books: [book], places, producerId: life.id, question, sink: store.sink() });
      for (const { channel, line } of message.value.records) filing.file(channel, line.toString());
      counters.repaired += message.value.records.length;
      if (!message.value.done) return;
      questions.delete(life.id);
      conclude(question);
    } else if (message.$case !== 'clock') {
      const book = books.find(({ recordingId }) => recordingId === message.value.recordingId);
      if (book === undefined) return;
      if (message.$case === 'opened') openInterval(book, life.id, message.value.from);
      else if (message.$case === 'closed') closeInterval(book, life.id, message.value.to);
      else {
        const problem = statementProblem(message.value);
        if (problem !== undefined) throw new Mismatch(problem);
        const account = book.accounts.get(life.id);
        if (account !== undefined) applyStatement(book, account, message.value, now);
      }
    }
    refile();
  };

  const commit = () => store.commit(books);

  const countBuckets = (book: Book, account: Account) => {
    for (const place of bucketsToCount(account)) {
      const bucket = place.node.buckets.get(place.begin)!;
      bucket.dirty = 0;
      commit();
      const slot = account.producerId.split('/')[1]!.slice(1);
      const source = place.node.kind === 'event' ? `event-${slot}` : place.node.node;
      Object.assign(bucket, store.count(book.recordingId, place.node.kind, source, bucketSpan(book, account, place)));
      counters.counted++;
    }
  };

  const review = () => {
    for (const book of books) {
      for (const account of book.accounts.values()) {
        const life = all.find(({ id }) => id === account.producerId)!;
        if (life.greeted && !questions.has(life.id)) {
          const question = questionFor(book, account, now);
          if (question !== undefined) {
            questions.set(life.id, { book, question });
            life.down.push({ message: { $case: 'missing', value: question.message } });
          }
        }
        countBuckets(book, account);
      }
    }
    for (const book of books) {
      for (const account of book.accounts.values()) {
        const life = all.find(({ id }) => id === account.producerId)!;
        const durable = life.greeted ? takeDurable(book, account) : undefined;
        if (durable === undefined) continue;
        commit();
        counters.durable++;
        life.down.push({ message: { $case: 'durable', value: durable } });
      }
    }
  };

  const start = (filter: number) => {
    const book = createBook(`e${experiments++}`, now, filters[filter]!, true);
    books.push(book);
    commit();
    for (const life of all.filter(({ greeted }) => greeted)) {
      life.down.push({ message: { $case: 'open', value: { recordingId: book.recordingId, filter: book.filter } } });
    }
  };

  const stop = (book: Book) => {
    if (book.end !== undefined) return;
    book.end = now;
    commit();
    for (const life of all.filter(({ greeted }) => greeted)) {
      life.down.push({ message: { $case: 'close', value: { recordingId: book.recordingId } } });
    }
  };

  const crashRecorder = () => {
    counters.crashes++;
    store.crash();
    held = [];
    questions = new Map();
    owners = new Map();
    for (const life of all) disconnect(life);
    books = store.books(now + 1).filter(({ recordingId }) => !ledgers.has(recordingId));
  };

  /** Settles what is complete. */
  const settle = () => {
    for (const book of books) {
      // Who had not opened a recording when it was given up is not asked any more.
      const isThere = ({ id, greeted }: Life) => !greeted || book.accounts.has(id);
      const everyone = provisional.has(book.recordingId) || all.every(isThere);
      if (book.end === undefined || !everyone || !allComplete(book)) continue;
      commit();
      const counts = store.counts(book.recordingId);
      doubtsAbout(book, counts);
      ledgers.set(book.recordingId, { ledger: finalLedger(book, counts, undefined), book });
      review();
    }
    books = books.filter(({ recordingId }) => !ledgers.has(recordingId));
  };

  const tell = (life: Life) => {
    const message = life.up.shift()?.message;
    if (message !== undefined && message !== null) hear(life, message);
  };

  const answer = (life: Life) => {
    const message = life.down.shift();
    if (message !== undefined) react(life, life.protocol.receive(message, now));
  };

  return {
    lives: all,
    current: (slot: number) => current[slot]!,
    get books() {
      return books;
    },
    ledgers,
    keys: store.keys,
    counters,
    get overflowed() {
      return overflowed;
    },
    get bus() {
      return bus;
    },
    pass(span: number) {
      now += span;
    },
    ...{
      trace,
      sample,
      event,
      statement,
      overflow,
      disconnect,
      connect,
      kill,
      tell,
      answer,
      review,
      commit,
      start,
      stop,
      settle,
    },
    ...{ crashRecorder },
    /** Everything that is on its way in both directions arrives. */
    pump(life: Life) {
      while (life.up.length + life.down.length > 0) {
        if (life.up.length > 0) tell(life);
        else answer(life);
      }
    },
    newClient(life: Life) {
      life.clients.push({ clientId: `w${life.slot}:pi:0`, token: `${life.slot}${numbered++}`.padStart(16, 'a'), issued: 0 });
      life.protocol.openClient({ ...life.clients.at(-1)!, service: 'pi' });
      if (life.connected) life.up.push(...life.protocol.sources());
    },
    /** A line arrives; it stays on the bus if it is to arrive again. */
    deliver(pick: number, copies: 'once' | 'again') {
      if (bus.length === 0) return;
      const index = pick % bus.length;
      const line = bus[index]!;
      if (copies === 'once') bus.splice(index, 1);
      file([line]);
    },
    vanish(pick: number) {
      if (bus.length > 0) bus.splice(pick % bus.length, 1);
    },
    giveUp(book: Book) {
      if (book.end !== undefined) provisional.add(book.recordingId);
    },
    deleteRow: store.remove,
    finish() {
      for (const life of all) {
        if (life.ended && life.connected && life.protocol.isDurable() && life.up.length + life.down.length === 0) {
          life.done = true;
          disconnect(life);
        }
      }
      provisional = new Set([...provisional].filter(id => !ledgers.has(id)));
    },
    /** What the ledger must say of a kind: counted from what was made and what is stored, by nobody's statements. */
    truth(book: Book, kind: RecordKindName) {
      let [produced, stored, rejected, lost] = [0, 0, 0, 0];
      for (const life of all) {
        const account = book.accounts.get(life.id);
        if (account === undefined) continue;
        for (const made of life.made) {
          if (made.kind !== kind || !belongs(book, account, made)) continue;
          produced++;
          const row = made.line && store.row(book.recordingId, kind, made.line);
          if (row === undefined) lost++;
          else if (row.dead) rejected++;
          else stored++;
        }
      }
      return { produced, stored, rejected, lost };
    },
  };
}

/** Half-open. */
interface Interval {
  readonly from: number;
  readonly to?: number | null | undefined;
}

function belongs(book: Book, { from, to }: Interval, { kind, time, service, client, node }: Made): boolean {
  if (time < from || time >= (to ?? Number.POSITIVE_INFINITY)) return false;
  if (kind === 'trace') return book.predicate.trace(service, client);
  return kind === 'telemetry' ? book.predicate.telemetry(node) : book.predicate.event();
}

export type World = ReturnType<typeof createWorld>;
