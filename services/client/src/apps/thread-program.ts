// The program of a generator's thread: it loads an app's generator and makes requests with it, when it is asked to.
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { clientSeed, createRandom } from '@galileo/workload';
import { RequestError } from '../requests/request-error.ts';
import { madeRequest } from './made-request.ts';
import {
  type Ask,
  beatsPerTimeout,
  cells,
  type FromThread,
  type Made,
  type MadeRequest,
  type ThreadData,
} from './thread-messages.ts';

type NextRequest = (context: object) => unknown;

interface Client {
  readonly n: number;
  readonly id: string;
  readonly service: string;
  readonly seed: number;
  /** Requests made; the counter of the last one. */
  made: number;
  wanted: number;
  /** It waits for its turn, or for the promise of a request. */
  busy: boolean;
}

/** Milliseconds after which others get their turn, and what was made is handed over. */
const turn = 10;
/** Requests that are handed over together, at most. */
const most = 256;
const longestText = 500;

const [port] = (await once(parentPort!, 'message')) as [MessagePort];
const { generator, context, timeout, shared } = workerData as ThreadData;
const state = new Int32Array(shared);
const beat = () => Atomics.add(state, cells.beats, 1);
const send = (message: FromThread, buffers: ArrayBuffer[] = []) => port.postMessage(message, buffers);

const clients = new Map<number, Client>();
const queue: Client[] = [];
let pumping = false;
let outbox = new Map<number, { requests: MadeRequest[]; fault?: string }>();
let waiting = 0;
let flushed = 0;

function told(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : `${typeof error} ${JSON.stringify(error) ?? ''}`;
  return text.length > longestText ? `${text.slice(0, longestText)}…` : text;
}

/** What was promised, if it comes in time. */
async function inTime<T>(promise: PromiseLike<T>, late: string): Promise<T> {
  const stop = new AbortController();
  const limit = sleep(timeout * 1000, undefined, { signal: stop.signal }).then(() => Promise.reject(new Late(late)));
  try {
    return await Promise.race([promise, limit]);
  } finally {
    stop.abort();
    limit.catch(() => {});
  }
}

class Late extends Error {}

function entryOf({ n }: Client) {
  let entry = outbox.get(n);
  if (entry === undefined) {
    entry = { requests: [] };
    outbox.set(n, entry);
  }
  return entry;
}

function flush(): void {
  flushed = performance.now();
  if (outbox.size === 0) return;
  const made: Made[] = Array.from(outbox, ([client, entry]) => ({ client, ...entry }));
  const buffers = made.flatMap(({ requests }) => requests.flatMap(({ body }) => (body === undefined ? [] : [body.buffer])));
  outbox = new Map();
  waiting = 0;
  send({ kind: 'made', made }, buffers);
}

function hand(client: Client, value: unknown): void {
  entryOf(client).requests.push(madeRequest(value));
  client.made += 1;
  client.wanted -= 1;
  waiting += 1;
  if (waiting >= most || performance.now() - flushed > turn) flush();
}

function fail(client: Client, error: unknown): void {
  const isWrong = error instanceof RequestError;
  const what = isWrong ? `: ${error.message}` : error instanceof Late ? ` ${error.message}` : ` threw ${told(error)}`;
  entryOf(client).fault = `nextRequest${what}`;
  clients.delete(client.n);
}

/** What a client's next request is made with. Its random numbers depend on its seed and the counter alone. */
function contextOf({ id, service, seed, made }: Client): object {
  let draw: (() => number) | undefined;
  const counter = made + 1;
  const random = () => {
    draw ??= createRandom(clientSeed(seed, counter));
    return draw();
  };
  return { ...context, clientId: id, service, counter, random };
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

async function handLater(client: Client, promise: PromiseLike<unknown>): Promise<void> {
  try {
    hand(client, await inTime(promise, `gave no answer within ${timeout} s`));
    queue.push(client);
  } catch (error) {
    fail(client, error);
  }
  pump();
}

/** Makes what is wanted of a client, until its turn is over. */
function serve(client: Client, nextRequest: NextRequest, until: number): void {
  while (client.wanted > 0) {
    if (performance.now() > until) {
      queue.push(client);
      return;
    }
    try {
      Atomics.store(state, cells.asked, client.n + 1);
      const value = nextRequest(contextOf(client));
      beat();
      if (isPromise(value)) {
        void handLater(client, value);
        return;
      }
      hand(client, value);
    } catch (error) {
      fail(client, error);
      return;
    }
  }
  client.busy = false;
}

/** Serves those who wait, in turn; timers and promises of the generator get theirs in between. */
function pump(): void {
  if (pumping) return;
  pumping = true;
  setImmediate(() => {
    pumping = false;
    const until = performance.now() + turn;
    while (queue.length > 0 && performance.now() < until) serve(queue.shift()!, nextRequest!, until);
    flush();
    if (queue.length > 0) pump();
  });
}

function take({ client: n, count, opened }: Ask): void {
  if (opened !== undefined) clients.set(n, { n, ...opened, wanted: 0, busy: false });
  const client = clients.get(n);
  if (client === undefined) return;
  client.wanted += count;
  if (client.busy) return;
  client.busy = true;
  queue.push(client);
}

/** Loads the generator. @throws whatever it throws. */
async function load(): Promise<NextRequest> {
  const loaded = (await inTime(import(generator), `it was not loaded within ${timeout} s`)) as { nextRequest?: unknown };
  const { nextRequest: found } = loaded;
  if (typeof found === 'function') return found as NextRequest;
  throw new TypeError(`nextRequest: found ${typeof found}; allowed: an exported function`);
}

// A generator that ends the thread does not take with it what was made before.
process.on('exit', flush);
setInterval(beat, (timeout * 1000) / beatsPerTimeout);
beat();
let nextRequest: NextRequest | undefined;
try {
  nextRequest = await load();
  send({ kind: 'loaded' });
  port.on('message', (asks: readonly Ask[]) => {
    for (const ask of asks) take(ask);
    pump();
  });
} catch (error) {
  send({ kind: 'loaded', problem: error instanceof Late ? error.message : told(error) });
}
