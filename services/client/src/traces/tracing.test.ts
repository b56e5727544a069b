import { expect, it } from 'vitest';
import type { InFlight } from '../emulated-client.ts';
import { unsent } from '../sender.ts';
import { createTracing } from './tracing.ts';

it('while tracing is paused traces are only counted; pausing hands on what there is', () => {
  const told: string[] = [];
  const tracing = createTracing(() => told.push('flush'));
  const log = tracing.logOf({
    issued: counter => told.push(`issued ${counter}`),
    trace: ({ counter }) => told.push(`trace ${counter}`),
    unrecorded: counter => told.push(`unrecorded ${counter}`),
  });
  const end = (counter: number) => log.ended({ counter } as InFlight, unsent(1, 'refused'));
  end(1);
  tracing.pause();
  log.issued(2);
  end(2);
  tracing.start();
  end(3);
  expect(told).toEqual(['trace 1', 'flush', 'issued 2', 'unrecorded 2', 'trace 3']);
});
