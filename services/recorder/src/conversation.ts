import type { Doorbell } from '@galileo/bus';
import { type ReconcileRequest, RecordKind, type RecordSource } from '@galileo/proto/recorder';
import { applyStatement, type Book, claimClient, closeInterval, type Estimate, kindName, openInterval } from '@galileo/reconcile';
import type { BusIntake } from './bus-intake.ts';
import type { Committer } from './committer.ts';
import { closeMessage, openMessage, type Recordings } from './recordings.ts';
import type { Repairs } from './repairs.ts';
import type { Session, Sessions } from './sessions.ts';
import type { Sources } from './sources.ts';

/** What a producer says after its hello. */
export type ProducerMessage = Exclude<NonNullable<ReconcileRequest['message']>, { $case: 'hello' }>;

type AboutRecording = Extract<ProducerMessage, { $case: 'opened' | 'closed' | 'statement' }>;

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
  readonly sources: Sources;
  readonly busIntake: Pick<BusIntake, 'review'>;
  readonly repairs: Pick<Repairs, 'take' | 'gone'>;
  /** Monotonic time, seconds. */
  elapsed(): number;
  readonly committer: Committer;
  readonly bell: Doorbell;
}

/** Makes the recorder's side. */
export function createConversation(options: ConversationOptions): Conversation {
  const { recordings, sessions, sources, busIntake, repairs, committer, elapsed, bell } = options;

  const noteClock = (book: Book, { producerId, clockOnly }: Session, { at, offset, uncertainty, segment }: Estimate) => {
    if (!clockOnly && !book.accounts.has(producerId)) return;
    committer.rows().clockOffsets.push({ expId: book.recordingId, producer: producerId, at, offset, uncertainty, segment });
    committer.added();
  };

  const hearAbout = (book: Book, session: Session, message: AboutRecording) => {
    const { producerId } = session;
    if (message.$case === 'opened') {
      openInterval(book, producerId, message.value.from);
      if (session.clock !== undefined) noteClock(book, session, session.clock);
      committer.touch(book);
    } else if (message.$case === 'closed') {
      closeInterval(book, producerId, message.value.to);
      committer.touch(book);
    } else {
      const account = book.accounts.get(producerId);
      if (account !== undefined) applyStatement(book, account, message.value, elapsed());
      // Others are stored with the next rows.
      if (message.value.final) committer.touch(book);
    }
  };

  const hearSource = ({ producerId }: Session, { kind, name }: RecordSource) => {
    sources.add(producerId, kindName(kind)!, name);
    if (kind === RecordKind.TRACE) for (const book of recordings.accepting()) claimClient(book, producerId, name);
    busIntake.review();
  };

  return {
    greet(session) {
      for (const book of recordings.toldTo(session)) {
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
        for (const book of recordings.books()) noteClock(book, session, message.value);
        return;
      }
      if (message.$case === 'source') {
        hearSource(session, message.value);
        return;
      }
      if (message.$case === 'resent') {
        repairs.take(session, message.value);
        return;
      }
      const book = recordings.accepting().find(({ recordingId }) => recordingId === message.value.recordingId);
      if (book !== undefined) hearAbout(book, session, message);
      if (message.$case !== 'statement') busIntake.review();
      bell.ring();
    },
    end(session) {
      session.mailbox.end();
      repairs.gone(session);
      sessions.close(session);
      const isNeeded = (id: string) =>
        sessions.get(id) !== undefined || recordings.accepting().some(book => book.accounts.has(id));
      sources.prune(isNeeded);
      busIntake.review();
      bell.ring();
    },
  };
}
