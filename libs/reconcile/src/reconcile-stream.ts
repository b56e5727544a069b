import { setImmediate as turn } from 'node:timers/promises';
import { keepConnected } from '@galileo/bus';
import type { Missing, ReconcileRequest, ReconcileResponse, RecorderClient } from '@galileo/proto/recorder';
import type { Clock, Logger } from '@galileo/service';
import { createMailbox, type Mailbox } from './mailbox.ts';
import type { ProducerProtocol, Reaction } from './producer-protocol.ts';
import { resend } from './resend.ts';
import type { SpooledRecord } from './spool/segment-format.ts';
import type { Wanted } from './spool/wanted.ts';

export interface ReconcileStreamOptions {
  readonly client: Pick<RecorderClient, 'reconcile'>;
  /** HOST:PORT, for the log. */
  readonly recorder: string;
  readonly protocol: ProducerProtocol;
  readonly clock: Clock;
  readonly log: Logger;
  /** What is still there of the records that the recorder asks for. */
  readonly read: (wanted: readonly Wanted[]) => Iterable<SpooledRecord>;
  /** Number of the newest batch that was handed to the transport; 0 if it numbers none. */
  readonly sequence: () => number;
  /** Saves the protocol's state. */
  readonly save: () => void;
  /** Called before a message is taken. */
  readonly onMessage?: (message: ReconcileResponse, signal: AbortSignal) => void;
  /** Called with what follows from a message, when its answers have been sent. */
  readonly onReaction: (reaction: Reaction) => void;
  /** All recordings that are open are known, or the stream has broken and they may change. */
  readonly onSynchronised: (synchronised: boolean, signal: AbortSignal) => void;
}

/** A producer's stream to the recorder. */
export interface ReconcileStream {
  /** Sends messages. Without a stream they are dropped: the recorder is told all of it when there is one again. */
  send(messages: readonly ReconcileRequest[]): void;
  /** Saves, sends and calls `onReaction`, as a message of the recorder would. */
  react(reaction: Reaction): void;
  /** Says nothing more: the stream ends when all that was sent before has gone out. */
  end(): void;
  /** Keeps the stream up until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/** Makes the stream over which a protocol speaks. */
export function createReconcileStream(options: ReconcileStreamOptions): ReconcileStream {
  const { client, recorder, protocol, clock, log, onSynchronised } = options;
  let outgoing: Mailbox<ReconcileRequest> | undefined;
  let synchronised = false;

  const send = (messages: readonly ReconcileRequest[]) => {
    for (const message of messages) {
      const { message: said } = message;
      if (said?.$case === 'statement') said.value.sequence = options.sequence();
      outgoing?.send(message);
    }
  };

  const setSynchronised = (value: boolean, signal: AbortSignal) => {
    if (synchronised === value) return;
    synchronised = value;
    onSynchronised(value, signal);
  };

  /** In steps, each when the last has gone out, so that what is published meanwhile is not held up. */
  const answer = async (missing: Missing, to: Mailbox<ReconcileRequest>, signal: AbortSignal) => {
    for (const message of resend(missing, options.read)) {
      await turn();
      if (!(await to.empty(signal))) return;
      to.send(message);
    }
  };

  const react = (reaction: Reaction) => {
    if (reaction.save) options.save();
    send(reaction.send);
    options.onReaction(reaction);
  };

  const open = async (signal: AbortSignal, established: () => void) => {
    const mailbox = createMailbox<ReconcileRequest>();
    outgoing = mailbox;
    send(protocol.connected());
    try {
      for await (const message of client.reconcile(mailbox.messages(signal), { signal })) {
        options.onMessage?.(message, signal);
        const reaction = protocol.receive(message, clock.now());
        react(reaction);
        if (reaction.missing !== undefined) {
          answer(reaction.missing, mailbox, signal).catch((error: unknown) => {
            log.error({ err: error, recorder }, 'records could not be sent again');
            mailbox.end();
          });
        }
        if (reaction.synchronised) {
          established();
          setSynchronised(true, signal);
        }
      }
    } finally {
      outgoing = undefined;
      setSynchronised(false, signal);
    }
  };

  return {
    send,
    react,
    end: () => outgoing?.end(),
    run: signal => keepConnected({ address: recorder, stream: 'reconcile', log, signal, open }),
  };
}
