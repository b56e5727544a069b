import { startUpstream, until } from '@galileo/testkit';
import { expect, test } from 'vitest';
import { startWorker, type Worker } from './worker.ts';

/** Makes a client of a worker once the worker knows its offset to the recorder's clock. */
async function synchronised(worker: Worker, host: string): Promise<string> {
  const [client] = await worker.clients(1, host);
  const { clientId } = client!;
  await until('an estimate of the clock', async () => {
    const startAtReference = worker.reference.now() + 60;
    const { offset } = await worker.load(clientId, { requests: 1, startAt: worker.clock.now() + 60, startAtReference });
    return offset !== undefined;
  });
  await worker.rpc.stopWorkload({ clientId });
  return clientId;
}

test('workers whose clocks differ by seconds begin together, within what they say of their uncertainty', async () => {
  await using upstream = await startUpstream((_request, response) => response.end());
  for (const ahead of [5, -3]) {
    await using worker = await startWorker({}, ahead);
    const clientId = await synchronised(worker, upstream.address);
    const startAtReference = worker.reference.now() + 0.3;
    // By the worker's clock this is long ago, or far away: it does not count.
    const startAt = startAtReference;
    const answer = await worker.load(clientId, { requests: 1, gap: 0.05, startAt, startAtReference });
    expect(Math.abs(answer.offset! + ahead)).toBeLessThanOrEqual(answer.uncertainty!);
    await worker.watch();
    const [trace] = await until('the trace', () => (worker.traces.length > 0 ? worker.traces : undefined));
    const begun = trace!.created - 0.05 - ahead;
    // A time on the wire has whole microseconds.
    expect(Math.abs(begun - startAtReference)).toBeLessThanOrEqual(answer.uncertainty! + 2e-6);
    expect(answer.startAt).toBeCloseTo(trace!.created - 0.05, 5);
  }
});

test('without an estimate T0 is by the own clock if it is told, and refused if not', async () => {
  await using worker = await startWorker({ galileo_trace_logging: 'none' });
  const [client] = await worker.clients(1, undefined);
  const { clientId } = client!;
  const startAtReference = worker.clock.now() + 60;
  const startAt = worker.clock.now() + 70;
  const answer = await worker.load(clientId, { requests: 1, startAt, startAtReference });
  expect([answer.startAt, answer.offset, answer.uncertainty]).toEqual([startAt, undefined, undefined]);
  await expect(worker.load(clientId, { requests: 1, startAtReference })).rejects.toThrow(
    /FAILED_PRECONDITION: start_at_reference: found [\d.]+, and the offset of this worker's clock to the recorder's is not known; allowed: start_at/,
  );
  await expect(worker.load(clientId, { requests: 1, startAtReference: -1 })).rejects.toThrow(/start_at_reference: found -1/);
});
