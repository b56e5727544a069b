import type { Doorbell } from '@galileo/bus';
import type { ReconcileRequest } from '@galileo/proto/recorder';
import { applyStatement, type Book, closeInterval, type Estimate, openInterval } from '@galileo/reconcile';
import type { Committer } from './committer.ts';
import { closeMessage, openMessage, type Recordings } from './recordings.ts';
import type { Session, Sessions } from './sessions.ts';

/** What a producer says after its hello. */
export type ProducerMessage = Exclude<NonNullable<ReconcileRequest['message']>, { $case: 'hello' }>;

/** The recorder's side of Recorder.Reconcile: what it says to a producer, and what it makes of what it hears. */
export interface Conversation {
  /** Tells a producer that has come which recordings are open; an empty message ends the list. */
  greet(session: Session): void;
  /** Takes a message that has been checked. Messages about recordings that are over are too late to matter. */
  hear(session: Session, message: ProducerMessage): void;
  /** The producer has gone. */
  end(session: Session): void;
}

export interface ConversationOptions {
  readonly recordings: Recordings;
  readonly sessions: Sessions;
  readonly committer: Committer;
  readonly bell: Doorbell;
}

/** Makes the recorder's side. */
export function createConversation(options: ConversationOptions): Conversation {
  const { recordings, sessions, committer, bell } = options;

  const noteClock = (book: Book, producer: string, { at, offset, uncertainty }: Estimate) => {
    if (!book.accounts.has(producer)) return;
    committer.rows().clockOffsets.push({ expId: book.recordingId, producer, at, offset, uncertainty });
    committer.added();
  };

  const hearAbout = (book: Book, session: Session, message: Exclude<ProducerMessage, { $case: 'clock' }>) => {
    const { producerId } = session;
    if (message.$case === 'opened') {
      openInterval(book, producerId, message.value.from);
      if (session.clock !== undefined) noteClock(book, producerId, session.clock);
      committer.touch(book);
    } else if (message.$case === 'closed') {
      closeInterval(book, producerId, message.value.to);
      committer.touch(book);
    } else {
      const account = book.accounts.get(producerId);
      if (account !== undefined) applyStatement(account, message.value);
      // Others are stored with the next rows.
      if (message.value.final) committer.touch(book);
    }
  };

  return {
    greet(session) {
      for (const book of recordings.books()) {
        session.mailbox.send(openMessage(book));
        if (book.end !== undefined) session.mailbox.send(closeMessage(book));
      }
      session.mailbox.send({ message: undefined });
      bell.ring();
    },
    hear(session, message) {
      if (!sessions.isCurrent(session)) return;
      if (message.$case === 'clock') {
        session.clock = message.value;
        for (const book of recordings.books()) noteClock(book, session.producerId, message.value);
        return;
      }
      const book = recordings.get(message.value.recordingId);
      if (book !== undefined) hearAbout(book, session, message);
      bell.ring();
    },
    end(session) {
      session.mailbox.end();
      sessions.close(session);
      bell.ring();
    },
  };
}
