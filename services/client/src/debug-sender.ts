import type { Sender } from './sender.ts';

/** Answers each request with status 200 in the next turn of the event loop, and sends none. */
export function createDebugSender(now: () => number): Sender {
  return {
    send(_host, _request, done) {
      const sent = now();
      let over = false;
      const answer = (status: number, error: string | null) => {
        if (over) return;
        over = true;
        clearImmediate(turn);
        done({ connected: null, sent, firstByte: null, done: now(), status, headers: null, body: null, bytes: null, error });
      };
      const turn = setImmediate(answer, 200, null);
      return kind => answer(-1, kind);
    },
    prepare() {},
    async [Symbol.asyncDispose]() {},
  };
}
