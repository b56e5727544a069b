import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createDueHeap, type Due } from './due-heap.ts';

type Command = { do: 'push' | 'advance'; by: number } | { do: 'pop' } | { do: 'remove'; which: number };

const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ do: fc.constantFrom('push' as const, 'advance' as const), by: fc.nat(20) }),
  fc.record({ do: fc.constant('pop' as const) }),
  fc.record({ do: fc.constant('remove' as const), which: fc.nat(50) }),
);

it('has on top what is due first, and of several what came first, whatever was done to it', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 200 }), commands => {
      const heap = createDueHeap<Due>();
      let model: Due[] = [];
      let order = 0;
      for (const entry of commands) {
        const top = heap.top();
        if (entry.do === 'push') {
          const item = { due: entry.by, order: order++ };
          model.push(item);
          heap.push(item);
        } else if (entry.do === 'remove') {
          const item = model[entry.which] ?? { due: 0, order: -1 };
          model = model.filter(other => other !== item);
          heap.remove(item);
        } else if (top !== undefined && entry.do === 'advance') {
          heap.advance(top.due + entry.by);
        } else if (top !== undefined) {
          model = model.filter(other => other !== top);
          heap.pop();
        }
        expect(heap.top()).toBe(model.toSorted((a, b) => a.due - b.due || a.order - b.order)[0]);
      }
    }),
  );
});
