import type { ActiveWorkload, InFlight } from './emulated-client.ts';
import type { Router } from './router.ts';
import { type Answer, type Sender, unsent } from './sender.ts';

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
  /** A request could not even be tried. */
  onError(error: unknown): void;
}

/** The requests on the way: each that is launched is settled exactly once, whatever happens. */
export function createFlights({ now, sender, router, maxInFlight, onLaunch, onSettled, onError }: FlightsOptions) {
  const inFlight = new Set<InFlight>();

  function settle(request: InFlight, host: string | undefined, answer: Answer): void {
    inFlight.delete(request);
    request.client.inFlight.delete(request);
    onSettled(request, host, answer);
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
      const server = router.reaches ? host : undefined;
      const fail = (kind: string) => settle(request, server, unsent(now(), kind));
      if (refusal !== undefined) {
        fail(refusal);
      } else if (host === undefined) {
        fail('no route');
      } else if (inFlight.size > maxInFlight) {
        fail('overload');
      } else {
        try {
          request.giveUp = sender.send(host, client.request, answer => settle(request, server, answer));
        } catch (error) {
          onError(error);
          if (inFlight.has(request)) fail('other');
        }
      }
    },
  };
}
