import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createQueue } from './queue.ts';

it('does what an array does', () => {
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.constant('push') },
    { weight: 4, arbitrary: fc.constant('shift') },
    { weight: 1, arbitrary: fc.constant('unshift') },
    { weight: 1, arbitrary: fc.constant('many') },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), steps => {
      const queue = createQueue<number>();
      const model: number[] = [];
      let n = 0;
      for (const action of steps) {
        if (action === 'shift') expect(queue.shift()).toBe(model.shift());
        else if (action === 'unshift') {
          queue.unshift(n);
          model.unshift(n++);
        } else {
          for (let i = action === 'many' ? 1500 : 1; i > 0; i--) {
            queue.push(n);
            model.push(n++);
          }
          if (action === 'many') for (let i = 0; i < 1100; i++) expect(queue.shift()).toBe(model.shift());
        }
        expect(queue.length).toBe(model.length);
        expect(queue.front).toBe(model[0]);
      }
    }),
  );
});
