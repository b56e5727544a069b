import type { Sender } from './sender.ts';

/** Answers each request with status 200 in the next turn of the event loop, and sends none. */
export function createDebugSender(now: () => number): Sender {
  return {
    send(_host, _request, reply) {
      const sent = now();
      let over = false;
      const answer = (status: number, error: string | null) => {
        if (over) return;
        over = true;
        clearImmediate(turn);
        const fields = { headers: null, body: null, bytes: null, error };
        reply.answered({ connected: null, sent, firstByte: null, done: now(), status, ...fields });
      };
      const turn = setImmediate(answer, 200, null);
      return { giveUp: kind => answer(-1, kind) };
    },
    prepare() {},
    async [Symbol.asyncDispose]() {},
  };
}
