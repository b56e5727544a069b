import type { ReconcileResponse } from '@galileo/proto/recorder';
import { createMailbox, type Estimate, type Mailbox } from '@galileo/reconcile';

/** A producer that is connected. */
export interface Session {
  readonly producerId: string;
  readonly service: string;
  readonly node: string;
  /** It makes no records and takes no part in recordings. */
  readonly clockOnly: boolean;
  /** What is to be said to it. */
  readonly mailbox: Mailbox<ReconcileResponse>;
  /** Newest estimate of its clock. */
  clock: Estimate | undefined;
}

/** The producers that are connected, and services that only tell of their clock; one session each. */
export interface Sessions {
  /** Opens a session; one that the producer still has is ended, since its stream must be dead. */
  open(producer: { producerId: string; service: string; node: string; clockOnly?: boolean }): Session;
  close(session: Session): void;
  /** Is it the producer's session, and not one that another has replaced? */
  isCurrent(session: Session): boolean;
  get(producerId: string): Session | undefined;
  /** Has the producer gone for good: its service on its node was started again, under a new id? */
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
    open({ producerId, service, node, clockOnly = false }) {
      sessions.get(producerId)?.mailbox.end();
      const session: Session = { producerId, service, node, clockOnly, mailbox: createMailbox(), clock: undefined };
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
      return [...sessions.keys()].some(other => origin(other) === origin(producerId));
    },
    all: () => [...sessions.values()].filter(session => !session.clockOnly),
    audience: () => sessions.values(),
  };
}
