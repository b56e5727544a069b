import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Link } from './link.ts';
import { createPipeline, entryOverhead } from './pipeline.ts';
import { createRespParser } from './resp.ts';

/** A connection of which the test says when the socket is full, when Redis answers, and when it breaks. */
function fakeLink(full: () => boolean) {
  const received: string[] = [];
  let commands = 0;
  const parser = createRespParser({
    message() {},
    reply(words) {
      commands++;
      const [name, , line] = words as string[];
      if (name === 'PUBLISH') received.push(line!);
    },
  });
  const done: (() => void)[] = [];
  const link: Link = {
    write(bytes, finished) {
      const all = Buffer.from(bytes);
      for (let at = 0; at < all.length; ) {
        const space = parser.space();
        const piece = all.subarray(at, at + space.length);
        space.set(piece);
        parser.received(piece.length);
        at += piece.length;
      }
      if (finished !== undefined) done.push(finished);
      // As a socket of Node, which has enough at its high-water mark.
      return !full() && all.length < 16_384;
    },
    fail() {},
  };
  return { link, received, flushed: () => done.splice(0).forEach(finished => void finished()), commands: () => commands };
}

it('whatever happens, each line is answered once, uncertain or lost, in order, and the cap holds', () => {
  const step = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({ do: fc.constant('append' as const), length: fc.oneof(fc.nat(200), fc.nat(2000), fc.nat(250_000)) }),
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('pump' as const) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('answer' as const), count: fc.nat(20) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('drain' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('fill' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('ask' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('break' as const) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('connect' as const) }) },
  );
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 20, maxLength: 150, size: 'max' }),
      fc.constantFrom(4000, 500_000, 4_000_000),
      (steps, maxBytes) => {
        const lost: number[] = [];
        const uncertain: number[] = [];
        const answered: number[] = [];
        const arrived: string[] = [];
        const pipeline = createPipeline({
          maxBytes,
          onLost: ({ number }) => lost.push(number),
          onUncertain: ({ number }) => uncertain.push(number),
        });
        const costs: number[] = [];
        let published = 0;
        let kept = 0;
        let full = false;
        let open: (ReturnType<typeof fakeLink> & { answered: number }) | undefined;
        const answer = (count: number) => {
          for (let i = 0; open !== undefined && i < count && open.answered < open.commands(); i++, open.answered++) {
            const entry = pipeline.answered();
            if (entry !== undefined) answered.push(entry.number);
          }
          pipeline.resume();
        };
        const close = () => {
          if (open !== undefined) arrived.push(...open.received);
          open = undefined;
          pipeline.closed();
        };
        const connect = () => {
          open ??= { ...fakeLink(() => full), answered: 0 };
          full = false;
          pipeline.opened(open.link);
        };
        const run = (action: (typeof steps)[number]) => {
          if (action.do === 'append') {
            published++;
            const line = `${published}`.padEnd(action.length, '.');
            costs.push(line.length + 1 + entryOverhead);
            pipeline.append({ kind: 'event', channel: 'c', line, size: line.length, number: published });
          } else if (action.do === 'pump') pipeline.pump();
          else if (action.do === 'ask') pipeline.ask();
          else if (action.do === 'answer') answer(action.count);
          else if (action.do === 'fill') full = true;
          else if (action.do === 'break') close();
          else if (action.do === 'connect' && open === undefined) connect();
          else if (action.do === 'drain') {
            full = false;
            open?.flushed();
            pipeline.drained();
          }
        };
        for (const action of steps) {
          run(action);
          kept = published - lost.length - uncertain.length - answered.length;
          const given = [lost, uncertain, answered].flat();
          expect(
            costs.reduce((sum, cost) => sum + cost, 0) - given.reduce((sum, n) => sum + costs[n - 1]!, 0),
          ).toBeLessThanOrEqual(maxBytes);
          expect(pipeline.settled(published)).toBe(kept === 0);
        }
        if (open === undefined) connect();
        for (let i = 0; i < 10_000 && !pipeline.settled(published); i++) {
          run({ do: 'drain' });
          answer(1000);
        }
        close();
        expect([...answered, ...uncertain, ...lost].sort((a, b) => a - b)).toEqual(
          Array.from({ length: published }, (_, i) => i + 1),
        );
        for (const order of [answered, uncertain]) expect(order).toEqual([...order].sort((a, b) => a - b));
        // What Redis got: each answered line once and perhaps uncertain ones, in order; never one that is called lost.
        const got = arrived.map(line => Number.parseInt(line, 10));
        expect(got).toEqual([...new Set(got)].sort((a, b) => a - b));
        expect(got.filter(number => !uncertain.includes(number))).toEqual(answered);
      },
    ),
    { numRuns: 200 },
  );
});
