import type { ReconcileResponse } from '@galileo/proto/recorder';
import { createMailbox, type Estimate, type Mailbox } from '@galileo/reconcile';

/** A producer that is connected. */
export interface Session {
  readonly producerId: string;
  readonly service: string;
  readonly node: string;
  /** It makes no records and takes no part in recordings. */
  readonly clockOnly: boolean;
  /** It produces nothing more, and will close every interval. */
  readonly ended: boolean;
  /** Producers that were killed and for which its process will speak. */
  readonly predecessors: readonly string[];
  /** What is to be said to it. */
  readonly mailbox: Mailbox<ReconcileResponse>;
  /** Newest estimate of its clock. */
  clock: Estimate | undefined;
}

/** The producers that are connected, and services that only tell of their clock; one session each. */
export interface Sessions {
  /** Opens a session; one that the producer still has is ended, since its stream must be dead. */
  open(producer: {
    producerId: string;
    service: string;
    node: string;
    clockOnly?: boolean;
    predecessors?: readonly string[];
    ended?: boolean;
  }): Session;
  close(session: Session): void;
  /** Is it the producer's session, and not one that another has replaced? */
  isCurrent(session: Session): boolean;
  get(producerId: string): Session | undefined;
  /** Has the producer gone for good: its service on its node was started again, and speaks for it no more? */
  isSuperseded(producerId: string): boolean;
  /** Those that make records. */
  all(): Iterable<Session>;
  /** All that are told of recordings: also services that only tell of their clock. */
  audience(): Iterable<Session>;
}

/** `<service>/<node>/` of an id. */
const origin = (producerId: string) => producerId.slice(0, producerId.lastIndexOf('/') + 1);

/** Makes an empty list of sessions. */
export function createSessions(): Sessions {
  const sessions = new Map<string, Session>();
  const isCurrent = (session: Session) => sessions.get(session.producerId) === session;
  return {
    open({ producerId, service, node, clockOnly = false, predecessors = [], ended = false }) {
      sessions.get(producerId)?.mailbox.end();
      // Their processes have ended, though their streams may not have shown it yet.
      for (const id of predecessors) {
        const stale = sessions.get(id);
        if (stale === undefined || stale.ended) continue;
        stale.mailbox.end();
        sessions.delete(id);
      }
      const mailbox = createMailbox<ReconcileResponse>();
      const session: Session = { producerId, service, node, clockOnly, predecessors, ended, mailbox, clock: undefined };
      sessions.set(producerId, session);
      return session;
    },
    close(session) {
      if (isCurrent(session)) sessions.delete(session.producerId);
    },
    isCurrent,
    get: producerId => sessions.get(producerId),
    isSuperseded(producerId) {
      if (sessions.has(producerId)) return false;
      const successors = [...sessions.values()].filter(other => !other.ended && origin(other.producerId) === origin(producerId));
      return successors.length > 0 && !successors.some(({ predecessors }) => predecessors.includes(producerId));
    },
    all: () => [...sessions.values()].filter(session => !session.clockOnly),
    audience: () => sessions.values(),
  };
}
