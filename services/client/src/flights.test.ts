import { describe, expect, it } from 'vitest';
import { kindOf, request, setUp } from '../test/virtual-generator.ts';
import type { EmulatedClient } from './emulated-client.ts';
import type { RequestSource } from './requests/request-source.ts';
import { SourceError } from './requests/source-errors.ts';

/** Has a client's requests made by this. */
function remake(client: EmulatedClient, next: RequestSource['next']): void {
  Object.assign(client, { source: { next, close() {} } satisfies RequestSource });
}
/** Promises' turn. */
const turn = () => new Promise(resolve => setImmediate(resolve));

describe('requests that are made elsewhere', () => {
  it('are sent once they are there, and count as queueing until then', async () => {
    const { begin, run, client, waiting, traces, answerAll } = setUp();
    const made: (() => void)[] = [];
    remake(client, () => new Promise(resolve => made.push(() => resolve(request))));
    begin();
    run();
    expect(waiting).toHaveLength(0);
    for (const make of made) make();
    await turn();
    expect(waiting).toHaveLength(5);
    answerAll();
    expect(traces.map(trace => trace.status)).toEqual([200, 200, 200, 200, 200]);
  });

  it('can be given up before they are there', async () => {
    const { begin, run, generator, client, waiting, traces } = setUp();
    const made: (() => void)[] = [];
    remake(client, () => new Promise(resolve => made.push(() => resolve(request))));
    begin();
    run();
    generator.close([client]);
    expect(traces.map(kindOf)).toEqual(Array(5).fill('cancelled'));
    for (const make of made) make();
    await turn();
    expect(waiting).toHaveLength(0);
    expect(traces).toHaveLength(5);
  });

  it.each([
    [
      'throws',
      (error: Error) => {
        throw error;
      },
    ],
    ['rejects', (error: Error) => Promise.reject(error)],
  ])('are over when their source %s: the client stops and says why, the request counts as failed', async (_, fail) => {
    const { begin, run, client, traces, errors, generator, answerAll } = setUp();
    remake(client, counter => (counter < 3 ? request : fail(new SourceError('app "a": broke'))));
    begin();
    run();
    await turn();
    expect(client.fault).toBe('app "a": broke');
    expect(client.active).toBeUndefined();
    expect(traces.map(kindOf)).toContain('no request');
    expect(errors).toHaveLength(1);
    answerAll();
    expect(generator.isIdle()).toBe(true);
    expect(traces).toHaveLength(client.released);
  });
});
