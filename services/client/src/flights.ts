import type { ActiveWorkload, EmulatedClient, InFlight } from './emulated-client.ts';
import type { RequestSource } from './requests/request-source.ts';
import { MissedRequest } from './requests/source-errors.ts';
import type { Router } from './router.ts';
import { type Answer, type OutgoingRequest, type Reply, type Sender, type Sending, unsent } from './sender.ts';

export interface FlightsOptions {
  /** UNIX seconds. */
  now(): number;
  readonly sender: Sender;
  readonly router: Pick<Router, 'pick' | 'reaches'>;
  /** Requests on the way at a time; one more fails at once as `overload`. */
  readonly maxInFlight: number;
  /** A request was answered or has failed; it is no longer on the way. */
  onSettled(request: InFlight, answer: Answer): void;
  /** A client gets no request any more. Never called from within `launch`. */
  onFault(client: EmulatedClient, error: unknown): void;
  /** A request could not even be tried. */
  onError(error: unknown): void;
}

/** Where a flight reports its end. */
interface Desk {
  settle(flight: Flight, answer: Answer): void;
  fail(flight: Flight, kind: string): void;
}

/** One of the requests on the way. A class, because one is made per request: its functions would be objects too. */
class Flight implements InFlight, Reply {
  readonly client: EmulatedClient;
  readonly origin: ActiveWorkload;
  readonly counter: number;
  readonly created: number;
  readonly released: number;
  readonly server: string | undefined;
  /** What carries it; `undefined` while it is not sent. */
  sending: Sending | undefined = undefined;
  /** Its place among those on the way; -1 once it is settled. */
  place = -1;
  readonly #desk: Desk;

  constructor(desk: Desk, origin: ActiveWorkload, created: number, released: number, server: string | undefined) {
    this.#desk = desk;
    this.client = origin.client;
    this.origin = origin;
    this.counter = origin.client.released;
    this.created = created;
    this.released = released;
    this.server = server;
  }

  answered(answer: Answer): void {
    this.#desk.settle(this, answer);
  }

  giveUp(kind: string): void {
    if (this.sending === undefined) this.#desk.fail(this, kind);
    else this.sending.giveUp(kind);
  }
}

/** The requests on the way: each that is launched is settled exactly once, whatever happens. */
export function createFlights({ now, sender, router, maxInFlight, onSettled, onFault, onError }: FlightsOptions) {
  /** In no order. An array, since a Set of what comes and goes leaves tables behind (see deadlines.ts). */
  const inFlight: Flight[] = [];

  const desk: Desk = {
    settle(flight, answer) {
      const { place } = flight;
      if (place < 0) return;
      const last = inFlight.pop()!;
      if (last !== flight) {
        inFlight[place] = last;
        last.place = place;
      }
      flight.place = -1;
      onSettled(flight, answer);
    },
    fail: (flight, kind) => desk.settle(flight, unsent(now(), kind)),
  };

  function send(flight: Flight, host: string, outgoing: OutgoingRequest): void {
    try {
      flight.sending = sender.send(host, outgoing, flight);
    } catch (error) {
      onError(error);
      desk.fail(flight, 'other');
    }
  }

  /** Sends a request once it has been made, unless it was given up by then. */
  async function sendLater(flight: Flight, host: string, made: Promise<OutgoingRequest>): Promise<void> {
    let outgoing: OutgoingRequest;
    try {
      outgoing = await made;
    } catch (error) {
      const missed = error instanceof MissedRequest;
      desk.fail(flight, missed ? error.kind : 'no request');
      if (!missed) onFault(flight.client, error);
      return;
    }
    if (flight.place >= 0) send(flight, host, outgoing);
  }

  function next({ client, counter }: Flight, host: string): ReturnType<RequestSource['next']> {
    try {
      return client.source.next(counter, host);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  return {
    /** Requests that were launched and are not settled. */
    inFlight: inFlight as readonly InFlight[],

    /**
     * Sends the next request of a workload's client, which was due at `created` and handed over at `released` (UNIX seconds).
     * With `refusal` it fails at once with this kind of error.
     */
    launch(origin: ActiveWorkload, created: number, released: number, refusal?: string): void {
      const { client } = origin;
      client.released += 1;
      const host = refusal === undefined ? router.pick(client) : undefined;
      const flight = new Flight(desk, origin, created, released, router.reaches ? host : undefined);
      client.log.issued(flight.counter);
      flight.place = inFlight.push(flight) - 1;
      if (host === undefined || inFlight.length > maxInFlight) {
        desk.fail(flight, refusal ?? (host === undefined ? 'no route' : 'overload'));
        return;
      }
      const made = next(flight, host);
      if (made instanceof Promise) sendLater(flight, host, made);
      else send(flight, host, made);
    },
  };
}
