import type { ActiveWorkload, EmulatedClient, InFlight } from './emulated-client.ts';
import type { RequestSource } from './requests/request-source.ts';
import type { Router } from './router.ts';
import { type Answer, type OutgoingRequest, type Sender, unsent } from './sender.ts';

export interface FlightsOptions {
  /** UNIX seconds. */
  now(): number;
  readonly sender: Sender;
  readonly router: Pick<Router, 'pick' | 'reaches'>;
  /** Requests on the way at a time; one more fails at once as `overload`. */
  readonly maxInFlight: number;
  /** A request is about to be sent. */
  onLaunch(request: InFlight): void;
  /** A request was answered or has failed; it is no longer on the way. `host` is where it was routed to, if anywhere. */
  onSettled(request: InFlight, host: string | undefined, answer: Answer): void;
  /** A client gets no request any more. Never called from within `launch`. */
  onFault(client: EmulatedClient, error: unknown): void;
  /** A request could not even be tried. */
  onError(error: unknown): void;
}

/** The requests on the way: each that is launched is settled exactly once, whatever happens. */
export function createFlights({ now, sender, router, maxInFlight, onLaunch, onSettled, onFault, onError }: FlightsOptions) {
  const inFlight = new Set<InFlight>();

  function settle(request: InFlight, host: string | undefined, answer: Answer): void {
    inFlight.delete(request);
    request.client.inFlight.delete(request);
    onSettled(request, host, answer);
  }

  function fail(request: InFlight, host: string | undefined, kind: string): void {
    settle(request, router.reaches ? host : undefined, unsent(now(), kind));
  }

  function send(request: InFlight, host: string, outgoing: OutgoingRequest): void {
    const server = router.reaches ? host : undefined;
    try {
      request.giveUp = sender.send(host, outgoing, answer => settle(request, server, answer));
    } catch (error) {
      onError(error);
      if (inFlight.has(request)) fail(request, host, 'other');
    }
  }

  /** Sends a request once it has been made, unless it was given up by then. */
  async function sendLater(request: InFlight, host: string, made: Promise<OutgoingRequest>): Promise<void> {
    let outgoing: OutgoingRequest;
    try {
      outgoing = await made;
    } catch (error) {
      if (inFlight.has(request)) fail(request, host, 'no request');
      onFault(request.client, error);
      return;
    }
    if (inFlight.has(request)) send(request, host, outgoing);
  }

  return {
    /** Requests that were launched and are not settled. */
    inFlight: inFlight as ReadonlySet<InFlight>,

    /**
     * Sends the next request of a workload's client, which was due at `created` and handed over at `released` (UNIX seconds).
     * With `refusal` it fails at once with this kind of error.
     */
    launch(origin: ActiveWorkload, created: number, released: number, refusal?: string): void {
      const { client } = origin;
      client.released += 1;
      const request: InFlight = { client, origin, counter: client.released, created, released, giveUp: () => {} };
      onLaunch(request);
      inFlight.add(request);
      client.inFlight.add(request);
      const host = refusal === undefined ? router.pick(client) : undefined;
      const problem = refusal ?? (host === undefined ? 'no route' : inFlight.size > maxInFlight ? 'overload' : undefined);
      if (problem !== undefined) {
        fail(request, host, problem);
        return;
      }
      request.giveUp = kind => fail(request, host, kind);
      let next: ReturnType<RequestSource['next']>;
      try {
        next = client.source.next(request.counter);
      } catch (error) {
        next = Promise.reject(error);
      }
      if (next instanceof Promise) sendLater(request, host!, next);
      else send(request, host!, next);
    },
  };
}
