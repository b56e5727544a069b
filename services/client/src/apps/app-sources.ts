import type { OpenSource, RequestSource } from '../requests/request-source.ts';
import type { AppSpec } from '../requests/request-spec.ts';
import { SourceError } from '../requests/source-errors.ts';
import type { OutgoingRequest } from '../sender.ts';
import { type GeneratorThread, startGeneratorThread } from './generator-thread.ts';
import type { Made } from './thread-messages.ts';

/** Requests that are made ahead for a client: few at first, twice as many each time that they did not suffice. */
const leastAhead = 2;
const mostAhead = 32;
/** Bytes of bodies that are made ahead for a client; one request always is. */
const bytesAhead = 1024 * 1024;
/** Threads that clients made together may use up. */
const mostThreads = 10;

interface Waiting {
  readonly counter: number;
  resolve(request: OutgoingRequest): void;
  reject(error: SourceError): void;
}

/** A client whose requests are made elsewhere. They are made for the counters 1, 2, 3 …, each once. */
interface AppClient {
  readonly n: number;
  readonly id: string;
  readonly service: string;
  /** Made for the counters up to `made`, in order, and not taken yet. */
  readonly ready: OutgoingRequest[];
  made: number;
  /** Counter up to which they have been asked for. */
  asked: number;
  /** Counter of the request that was taken last, or is waited for. */
  taken: number;
  readonly waiting: Waiting[];
  ahead: number;
  /** Does the thread know it? */
  known: boolean;
  fault: string | undefined;
}

export interface AppSourcesOptions {
  /** Gives a request the path that it has at its hosts. */
  outgoing(request: OutgoingRequest): OutgoingRequest;
  /** The generator has printed a line. */
  onOutput(app: string, line: string): void;
}

/**
 * Makes the sources of clients of an app that were created together: one thread makes the requests of all of them. A client
 * whose request is not made gets no other; if the thread is lost with it, a new one, which loads the generator anew, goes on
 * for the others.
 */
export function appSources(app: AppSpec, { outgoing, onOutput }: AppSourcesOptions): OpenSource {
  const clients = new Map<number, AppClient>();
  let numbered = 0;
  let threads = 0;
  let thread: GeneratorThread | undefined;

  function fail(client: AppClient, why: string): void {
    client.fault ??= `app ${JSON.stringify(app.name)}: ${why}`;
    for (const { reject } of client.waiting.splice(0)) reject(new SourceError(client.fault));
  }

  function failAll(why: string): void {
    for (const client of clients.values()) fail(client, why);
  }

  function take(made: Made): void {
    const client = clients.get(made.client);
    if (client === undefined) return;
    for (const { body, ...rest } of made.requests) {
      client.made += 1;
      const bytes = body && Buffer.from(body.buffer, body.byteOffset, body.byteLength);
      const request = outgoing({ ...rest, body: bytes, once: true });
      if (client.waiting[0]?.counter === client.made) client.waiting.shift()!.resolve(request);
      // What was made for a request that was never sent is sent under no other counter.
      else if (client.made > client.taken) client.ready.push(request);
    }
    if (made.fault !== undefined) fail(client, made.fault);
    else askAhead(client);
  }

  function startThread(): GeneratorThread {
    threads += 1;
    return startGeneratorThread({
      app,
      onMade: take,
      onOutput: line => onOutput(app.name, line),
      onLoaded(problem) {
        if (problem === undefined) return;
        thread?.end();
        failAll(`${app.generator}: ${problem}`);
      },
      onEnd(reason, asked) {
        const client = asked === undefined ? undefined : clients.get(asked);
        if (asked === undefined) failAll(`${app.generator}: ${reason}`);
        else if (client !== undefined) fail(client, reason);
        if (threads >= mostThreads) failAll(`${reason}, and it was the end of the ${threads}th thread for these clients`);
        replaceThread();
      },
    });
  }

  /** Goes on for those who can, in a thread that knows none of them. */
  function replaceThread(): void {
    const rest = [...clients.values()].filter(client => client.fault === undefined);
    thread = rest.length === 0 ? undefined : startThread();
    for (const client of rest) {
      client.known = false;
      client.asked = client.made;
      askAhead(client);
    }
  }

  function ask(client: AppClient, upTo: number): void {
    const count = upTo - client.asked;
    const { n, id, service, made } = client;
    thread ??= startThread();
    thread.ask({ client: n, count, ...(client.known ? {} : { opened: { id, service, seed: app.seeds[n]!, made } }) });
    client.known = true;
    client.asked = upTo;
  }

  /** Has requests made when half of those that are made ahead have been taken. */
  function askAhead(client: AppClient): void {
    if (client.fault !== undefined) return;
    const size = client.ready.at(-1)?.body?.length ?? 0;
    const ahead = Math.min(client.ahead, Math.max(1, Math.floor(bytesAhead / Math.max(size, 1))));
    if (client.asked - client.taken <= ahead / 2) ask(client, client.taken + ahead);
  }

  function next(client: AppClient, counter: number): OutgoingRequest | Promise<OutgoingRequest> {
    const skipped = counter - client.taken - 1;
    if (skipped > 0) client.ready.splice(0, skipped);
    client.taken = counter;
    const request = client.ready.shift();
    if (request !== undefined) {
      askAhead(client);
      return request;
    }
    if (client.fault !== undefined) throw new SourceError(client.fault);
    client.ahead = Math.min(2 * client.ahead, mostAhead);
    const made = new Promise<OutgoingRequest>((resolve, reject) => client.waiting.push({ counter, resolve, reject }));
    askAhead(client);
    return made;
  }

  return ({ id, service }): RequestSource => {
    const client: AppClient = {
      ...{ n: numbered++, id, service, ready: [], made: 0, asked: 0, taken: 0 },
      ...{ waiting: [], ahead: leastAhead, known: false, fault: undefined },
    };
    clients.set(client.n, client);
    askAhead(client);
    return {
      next: counter => next(client, counter),
      close() {
        // Whoever waits for a request of a client that was closed has given it up by now.
        clients.delete(client.n);
        if (clients.size > 0) return;
        thread?.end();
        thread = undefined;
      },
    };
  };
}
