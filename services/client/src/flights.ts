import type { EmulatedClient, InFlight } from './emulated-client.ts';
import { type Answer, type Sender, unsent } from './sender.ts';

export interface FlightsOptions {
  /** UNIX seconds. */
  now(): number;
  readonly sender: Sender;
  /** Requests on the way at a time; one more fails at once as `overload`. */
  readonly maxInFlight: number;
  /** A request is about to be sent. */
  onLaunch(request: InFlight): void;
  /** A request was answered or has failed; it is no longer on the way. `host` is where it was routed to, if anywhere. */
  onSettled(request: InFlight, host: string | undefined, answer: Answer): void;
  /** A request could not even be tried. */
  onError(error: unknown): void;
}

/** The requests on the way: each that is launched is settled exactly once, whatever happens. */
export function createFlights({ now, sender, maxInFlight, onLaunch, onSettled, onError }: FlightsOptions) {
  const inFlight = new Set<InFlight>();

  function settle(request: InFlight, host: string | undefined, answer: Answer): void {
    inFlight.delete(request);
    request.client.inFlight.delete(request);
    onSettled(request, host, answer);
  }

  return {
    /** Requests that were launched and are not settled. */
    inFlight: inFlight as ReadonlySet<InFlight>,

    /** Sends a client's next request, which was due at `created` and handed over at `released` (UNIX seconds). */
    launch(client: EmulatedClient, created: number, released: number): void {
      client.released += 1;
      const request: InFlight = { client, counter: client.released, created, released, giveUp: () => {} };
      onLaunch(request);
      inFlight.add(request);
      client.inFlight.add(request);
      const host = client.routes.pick(client.service);
      const fail = (kind: string) => settle(request, host, unsent(now(), kind));
      if (host === undefined) {
        fail('no route');
      } else if (inFlight.size > maxInFlight) {
        fail('overload');
      } else {
        try {
          request.giveUp = sender.send(host, client.request, answer => settle(request, host, answer));
        } catch (error) {
          onError(error);
          if (inFlight.has(request)) fail('other');
        }
      }
    },
  };
}
