import type { ProducerHello, ReconcileRequest, ReconcileResponse } from '@galileo/proto/recorder';
import { kindName, statementProblem } from '@galileo/reconcile';
import { invalidArgument } from '@galileo/service';
import type { Conversation, ProducerMessage } from '../conversation.ts';
import type { Session, Sessions } from '../sessions.ts';
import { untilAborted } from './until-aborted.ts';

export interface ReconcileOptions {
  readonly sessions: Sessions;
  readonly conversation: Conversation;
}

function checkHello(request: ReconcileRequest | undefined): ProducerHello {
  const message = request?.message;
  if (message?.$case !== 'hello') {
    throw invalidArgument(`message: found ${message?.$case ?? 'none'} at the begin of the stream; allowed: hello`);
  }
  const { producerId, service, node } = message.value;
  for (const [field, value] of Object.entries({ producer_id: producerId, service, node })) {
    if (value === '') throw invalidArgument(`hello.${field}: found none; allowed: text that is not empty`);
  }
  return message.value;
}

/** What is wrong with a message, or undefined. */
function problemOf(message: ProducerMessage): string | undefined {
  switch (message.$case) {
    case 'opened':
      return Number.isFinite(message.value.from) ? undefined : `opened.from: found ${message.value.from}; allowed: a time`;
    case 'closed':
      return Number.isFinite(message.value.to) ? undefined : `closed.to: found ${message.value.to}; allowed: a time`;
    case 'clock': {
      const { at, offset, uncertainty } = message.value;
      const fits = Number.isFinite(at) && Number.isFinite(offset) && Number.isFinite(uncertainty) && uncertainty >= 0;
      return fits ? undefined : `clock: found at ${at}, offset ${offset}, uncertainty ${uncertainty}; allowed: finite numbers`;
    }
    case 'resent':
      return undefined;
    case 'source': {
      const { kind } = message.value;
      if (kindName(kind) !== undefined) return undefined;
      return `source.kind: found ${kind}; allowed: RECORD_KIND_TRACE, RECORD_KIND_TELEMETRY, RECORD_KIND_EVENT`;
    }
    case 'statement': {
      const problem = statementProblem(message.value);
      return problem && `statement.${problem}`;
    }
  }
}

function checkMessage({ message }: ReconcileRequest): ProducerMessage {
  if (message === undefined)
    throw invalidArgument('message: found none; allowed: source, opened, closed, statement, resent, clock');
  if (message.$case === 'hello')
    throw invalidArgument('message: found hello again; allowed: source, opened, closed, statement, resent, clock');
  const problem = problemOf(message);
  if (problem !== undefined) throw invalidArgument(problem);
  return message;
}

/** Recorder.Reconcile: hello first, then both sides say what they have to say. */
export async function* reconcile(
  { sessions, conversation }: ReconcileOptions,
  requests: AsyncIterable<ReconcileRequest>,
  signal: AbortSignal,
): AsyncGenerator<ReconcileResponse> {
  const incoming = untilAborted(requests[Symbol.asyncIterator](), signal);
  const first = await incoming.next();
  if (signal.aborted) return;
  const session: Session = sessions.open(checkHello(first.done ? undefined : first.value));
  conversation.greet(session);
  let failure: unknown;
  const listen = async () => {
    for await (const request of incoming) {
      const message = checkMessage(request);
      if (session.clockOnly && message.$case !== 'clock') {
        throw invalidArgument(`message: found ${message.$case} of a service that makes no records; allowed: clock`);
      }
      conversation.hear(session, message);
    }
  };
  listen()
    .catch(error => {
      failure = error;
    })
    .finally(() => conversation.end(session));
  try {
    yield* session.mailbox.messages(signal);
  } finally {
    conversation.end(session);
  }
  if (failure !== undefined) throw failure;
}
