import type { Trace } from '@galileo/wire';
import { expect, it } from 'vitest';
import { createTracing } from './tracing.ts';

it('while tracing is paused traces are only counted; pausing hands on what there is', () => {
  const told: string[] = [];
  const tracing = createTracing({
    record: ({ requestId }) => told.push(requestId),
    unrecorded: (token, counter) => told.push(`not ${token} ${counter}`),
    flush: () => told.push('flush'),
  });
  const take = (requestId: string) => tracing.take({ requestId } as Trace);
  take('t:1');
  tracing.pause();
  take('t:2');
  tracing.start();
  take('t:3');
  expect(told).toEqual(['t:1', 'flush', 'not t 2', 't:3']);
});
