import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Handles a request; what it returns is called if the client goes before the response is complete. */
export type Handler = (request: IncomingMessage, response: ServerResponse) => (() => void) | undefined;

/** One connection of a client: its requests are handled one after the other, those that come pipelined too. */
export interface ClientConnection {
  take(request: IncomingMessage, response: ServerResponse): void;
  /** Sends bytes of an answer to something that is no request, after the answers that are owed before it, and closes. */
  refuse(rawAnswer: string): void;
  /** Closes as soon as nothing is owed. */
  close(): void;
}

interface Turn {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** How long a client may take to read the last answer before its connection is broken, milliseconds. */
const lingering = 1000;

export function followConnection(socket: Socket, handle: Handler): ClientConnection {
  const waiting: Turn[] = [];
  let running: Turn | undefined;
  let abandon: (() => void) | undefined;
  let lastWords: string | undefined;
  let closing = false;

  function next(): void {
    if (socket.destroyed) return;
    const turn = waiting.shift();
    running = turn;
    abandon = undefined;
    if (turn === undefined) {
      if (closing) finish();
      return;
    }
    turn.response.once('close', next);
    if (closing) announceEnd(turn);
    abandon = handle(turn.request, turn.response);
  }

  /** The last response says `Connection: close`; Node then closes after it. */
  function announceEnd(turn: Turn): void {
    if (waiting.length === 0 && lastWords === undefined && !turn.response.headersSent) turn.response.shouldKeepAlive = false;
  }

  function finish(): void {
    if (socket.destroyed) return;
    // Node may have ended it already, after a response that says `Connection: close`.
    if (lastWords === undefined || socket.writableEnded) socket.end();
    else socket.end(lastWords);
    const timer = setTimeout(() => socket.destroy(), lingering);
    socket.once('close', () => clearTimeout(timer));
  }

  socket.once('close', () => {
    waiting.length = 0;
    abandon?.();
  });

  return {
    take(request, response) {
      if (lastWords !== undefined) return;
      waiting.push({ request, response });
      if (running === undefined) next();
    },
    refuse(rawAnswer) {
      if (lastWords !== undefined) return;
      lastWords = rawAnswer;
      closing = true;
      const last = waiting.at(-1) ?? running;
      // What is refused may be the rest of a request that is being handled already.
      if (last !== undefined && !last.request.complete) {
        if (last !== running) waiting.pop();
        else if (last.response.headersSent) socket.destroy();
        else {
          last.response.off('close', next);
          abandon?.();
          running = undefined;
        }
      }
      if (running === undefined) finish();
    },
    close() {
      closing = true;
      if (running === undefined) finish();
      else announceEnd(running);
    },
  };
}
