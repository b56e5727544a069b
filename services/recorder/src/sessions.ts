import type { ReconcileResponse } from '@galileo/proto/recorder';
import { createMailbox, type Estimate, type Mailbox } from '@galileo/reconcile';

/** A producer that is connected. */
export interface Session {
  readonly producerId: string;
  readonly service: string;
  readonly node: string;
  /** What is to be said to it. */
  readonly mailbox: Mailbox<ReconcileResponse>;
  /** Newest estimate of its clock. */
  clock: Estimate | undefined;
}

/** The producers that are connected, one session each. */
export interface Sessions {
  /** Opens a session; one that the producer still has is ended, since its stream must be dead. */
  open(producer: { producerId: string; service: string; node: string }): Session;
  close(session: Session): void;
  /** Is it the producer's session, and not one that another has replaced? */
  isCurrent(session: Session): boolean;
  get(producerId: string): Session | undefined;
  all(): Iterable<Session>;
}

/** Makes an empty list of sessions. */
export function createSessions(): Sessions {
  const sessions = new Map<string, Session>();
  const isCurrent = (session: Session) => sessions.get(session.producerId) === session;
  return {
    open({ producerId, service, node }) {
      sessions.get(producerId)?.mailbox.end();
      const session: Session = { producerId, service, node, mailbox: createMailbox(), clock: undefined };
      sessions.set(producerId, session);
      return session;
    },
    close(session) {
      if (isCurrent(session)) sessions.delete(session.producerId);
    },
    isCurrent,
    get: producerId => sessions.get(producerId),
    all: () => sessions.values(),
  };
}
