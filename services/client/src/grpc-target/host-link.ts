import { type ClientHttp2Session, connect } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { endpointOf } from '../http/endpoint.ts';
import { ClosedError } from '../http/errors.ts';

/** A connection to a host, and the calls that it carries. */
export interface Link {
  readonly session: ClientHttp2Session;
  /** When it was established, UNIX seconds; null once it has carried a call. */
  established: number | null;
  /** Calls on the way. */
  calls: number;
  /** When the other side was heard last, on the monotonic clock, milliseconds. */
  heard: number;
}

/** A call that waits for a connection. */
export interface Waiter {
  ready(link: Link): void;
  failed(error: Error): void;
}

export interface HostLinkOptions {
  readonly host: string;
  /** UNIX seconds. */
  now(): number;
  /** A connection that nobody waited for could not be established. */
  onIdleFailure(error: Error): void;
}

/** Bytes of answers that may be under way to us, of one call and of all: HTTP/2's 64 KB would slow down large ones. */
const streamWindow = 1024 * 1024;
const sessionWindow = 16 * 1024 * 1024;
/** Seconds of silence after which the system probes a connection. */
const probeAfter = 20;
/** What HTTP/2 allows where the other side sets no limit. */
const unlimited = 2 ** 32 - 1;

/**
 * The one connection to a host that its calls share, as gRPC has it. While there is none, a call opens one and fails with it,
 * if it fails: no call waits for a host to come back, and the first one after that finds it. Calls beyond the other side's
 * SETTINGS_MAX_CONCURRENT_STREAMS wait, which their traces show as `sent - released`.
 */
export function createHostLink({ host, now, onIdleFailure }: HostLinkOptions) {
  const endpoint = endpointOf(host);
  const waiting = new Set<Waiter>();
  const sessions = new Set<ClientHttp2Session>();
  let link: Link | undefined;
  let attempt: ClientHttp2Session | undefined;
  let ending = false;

  const mostCalls = () => link!.session.remoteSettings.maxConcurrentStreams ?? unlimited;

  function handOut(): void {
    for (const waiter of waiting) {
      if (link === undefined || link.calls >= mostCalls()) return;
      waiting.delete(waiter);
      link.calls += 1;
      waiter.ready(link);
    }
  }

  /** The connection takes no more calls; those that it carries go on. */
  function retire(old: Link): void {
    if (link === old) link = undefined;
    if (old.calls === 0) old.session.destroy();
    openIfWanted();
  }

  function endIfUnused(): void {
    if (!ending || waiting.size > 0) return;
    const session = attempt;
    attempt = undefined;
    session?.destroy();
    if (link?.calls === 0) link.session.destroy();
  }

  function failWaiting(error: Error): void {
    if (waiting.size === 0) onIdleFailure(error);
    const failed = [...waiting];
    waiting.clear();
    for (const waiter of failed) waiter.failed(error);
  }

  function openIfWanted(): void {
    if (waiting.size > 0 && link === undefined && attempt === undefined) open();
  }

  function open(): void {
    const session = connect(`http://${host}`, {
      createConnection: () =>
        connectTcp({ ...endpoint, noDelay: true, keepAlive: true, keepAliveInitialDelay: probeAfter * 1000 }),
      settings: { enablePush: false, initialWindowSize: streamWindow },
      peerMaxConcurrentStreams: unlimited,
      // Node's 10 MB fail calls once a few thousand are on the way.
      maxSessionMemory: Number.MAX_SAFE_INTEGER,
    });
    let opened: Link | undefined;
    let failure: Error | undefined;
    attempt = session;
    sessions.add(session);
    session.once('connect', () => session.setLocalWindowSize(sessionWindow));
    // Not before: only now it is known how many calls it takes, and that HTTP/2 is spoken at all.
    session.once('remoteSettings', () => {
      attempt = undefined;
      opened = { session, established: now(), calls: 0, heard: performance.now() };
      link = opened;
      handOut();
      endIfUnused();
    });
    session.on('remoteSettings', () => {
      if (link !== undefined && link === opened) handOut();
    });
    session.on('goaway', () => {
      if (opened !== undefined) retire(opened);
    });
    session.on('error', error => {
      failure = error;
    });
    session.once('close', () => {
      sessions.delete(session);
      if (opened !== undefined) {
        retire(opened);
        return;
      }
      if (attempt !== session) return;
      attempt = undefined;
      failWaiting(failure ?? new ClosedError());
    });
  }

  return {
    /** Hands the connection over, at once or later; from the line a call can withdraw. */
    acquire(waiter: Waiter): void {
      if (link !== undefined && (link.session.closed || link.session.destroyed)) retire(link);
      waiting.add(waiter);
      if (link !== undefined) handOut();
      else openIfWanted();
    },

    /** Takes a call out of the line, if it is there. */
    withdraw(waiter: Waiter): void {
      if (!waiting.delete(waiter) || waiting.size > 0 || attempt === undefined) return;
      // An attempt that nobody wants to wait for any longer must not be what the next call waits for.
      const session = attempt;
      attempt = undefined;
      session.destroy();
    },

    /** A call on the connection has ended. */
    release(used: Link): void {
      used.calls -= 1;
      if (used !== link) {
        if (used.calls === 0) used.session.destroy();
      } else {
        handOut();
        endIfUnused();
      }
    },

    /** Calls get another connection if this one has been silent since `since`, on the monotonic clock, milliseconds. */
    suspect(used: Link, since: number): void {
      if (used === link && used.heard < since) retire(used);
    },

    /** Opens the connection ahead. */
    prepare(): void {
      if (link === undefined && attempt === undefined) open();
    },

    /** Ends its connection once the calls that have it, or wait for it, are over. No call is to follow. */
    endWhenUnused(): void {
      ending = true;
      endIfUnused();
    },

    /** Ends all connections. */
    close(): void {
      attempt = undefined;
      for (const session of sessions) session.destroy();
    },
  };
}

export type HostLink = ReturnType<typeof createHostLink>;
