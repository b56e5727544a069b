import { createHistogram } from '@galileo/analysis';
import { splitHeaders } from '@galileo/wire';
import { type Arrival, createSchedule } from '@galileo/workload';
import { describe, expect, it } from 'vitest';
import { counters, everySecond, kindOf, route, setUp, start } from '../test/virtual-generator.ts';

describe('a generator', () => {
  it('sends at the intended times whatever is answered, and makes one trace of each request', () => {
    const { begin, run, traces, waiting, answerAll, client } = setUp();
    begin();
    run();
    expect(traces).toEqual([]);
    expect(waiting).toHaveLength(5);
    answerAll();
    expect(traces.map(trace => trace.created)).toEqual([1, 2, 3, 4, 5].map(second => start + second));
    expect(counters(traces)).toEqual([1, 2, 3, 4, 5]);
    for (const trace of traces) {
      const { released } = splitHeaders(trace.headers).details;
      expect(trace).toMatchObject({ client: 'w:pi:0', service: 'pi', status: 200, server: 'a:1', expId: null, response: null });
      expect(trace.requestId.split(':')[0]).toBe(client.token);
      expect(released! - trace.created).toBeLessThan(0.001);
      expect(released! - trace.created).toBeGreaterThan(-1e-6);
    }
  });

  it('catches up after it was held up, and the traces show it', () => {
    const { begin, pass, run, traces, answerAll } = setUp();
    begin();
    pass(3.5);
    run();
    answerAll();
    expect(traces.map(trace => trace.created - start)).toEqual([1, 2, 3, 4, 5]);
    const late = traces.map(trace => splitHeaders(trace.headers).details.released! - trace.created);
    expect(late.map(Math.round)).toEqual([3, 2, 1, 0, 0]);
  });

  it('merges the schedules of all its clients by due time', () => {
    const { generator, create, run, traces, answerAll } = setUp();
    const clients = create(20);
    for (const [seed, client] of clients.entries()) {
      const arrival: Arrival = { kind: 'distribution', name: 'expovariate', parameters: [10], requests: 50 };
      generator.start(client, createSchedule({ arrival, seed }), start);
    }
    run();
    answerAll();
    expect(traces).toHaveLength(1000);
    expect(traces.map(trace => trace.created)).toEqual(traces.map(trace => trace.created).toSorted((a, b) => a - b));
  });

  it('gives each client its own round of the hosts', () => {
    const { generator, create, run, waiting } = setUp();
    generator.setRoutes([{ service: 'pi', hosts: ['a:1', 'b:1'], weights: [1, 2] }]);
    const clients = create(2);
    for (const client of clients) generator.start(client, createSchedule({ arrival: everySecond, seed: 1 }), start);
    run();
    const hosts = waiting.map(entry => entry.host[0]);
    expect(hosts.filter((_, i) => i % 2 === 0).join('')).toBe('babba');
    expect(hosts.filter((_, i) => i % 2 === 1).join('')).toBe('babba');
  });

  it('opens a connection ahead to each host of a route', () => {
    const { begin, prepared } = setUp();
    begin();
    expect(prepared).toEqual(['a:1']);
  });

  it('fails a request without a route, unsent', () => {
    const { generator, begin, run, traces } = setUp();
    generator.setRoutes([]);
    begin();
    run();
    expect(traces).toHaveLength(5);
    for (const trace of traces) {
      expect(trace).toMatchObject({ sent: -1, status: -1, server: null });
      expect(kindOf(trace)).toBe('no route');
    }
    expect(generator.snapshot()).toMatchObject({ completed: 5, failed: 5, inFlight: 0, idle: true });
  });

  it('fails what is too much to have on the way', () => {
    const { begin, run, traces, waiting } = setUp({ maxInFlight: 2 });
    begin();
    run();
    expect(waiting).toHaveLength(2);
    expect(traces.map(kindOf)).toEqual(['overload', 'overload', 'overload']);
  });

  it('goes on when a request can not even be tried, or its trace not be taken', () => {
    const broken = {
      send: () => {
        throw new Error('no');
      },
      prepare: () => {},
      async [Symbol.asyncDispose]() {},
    };
    const sending = setUp({ sender: broken });
    sending.begin();
    sending.run();
    expect(sending.traces.map(kindOf)).toEqual(new Array(5).fill('other'));
    expect(sending.errors).toHaveLength(5);

    const recording = setUp({
      openLog: () => ({
        issued() {},
        ended() {
          throw new Error('no');
        },
      }),
    });
    recording.begin();
    recording.run();
    recording.answerAll();
    expect(recording.generator.snapshot()).toMatchObject({ completed: 5, failed: 0, idle: true });
  });

  it('leaves the port out of the server where it is the default', () => {
    const { generator, begin, run, answerAll, traces } = setUp();
    generator.setRoutes([{ ...route, hosts: ['a:80'] }]);
    begin();
    run();
    answerAll();
    expect(traces[0]!.server).toBe('a');
  });
});

describe('figures', () => {
  it('tell what was due, handed over, answered and failed, and the release error', () => {
    const { generator, begin, run, pass, waiting } = setUp();
    begin();
    run(start + 2.5);
    waiting[0]!.answer(200);
    waiting[1]!.answer(500);
    expect(generator.snapshot()).toMatchObject({ intended: 2, released: 2, completed: 2, failed: 1, inFlight: 0, idle: false });
    pass(2);
    expect(generator.snapshot()).toMatchObject({ intended: 4, released: 2 });
    run();
    const { releaseError, ...counts } = generator.snapshot();
    expect(counts).toMatchObject({ intended: 5, released: 5, completed: 2, inFlight: 3, idle: false });
    expect(releaseError.count).toBe(5);
    expect(releaseError.max).toBeGreaterThan(1);
  });

  it('stay when the clients are closed, and begin anew when that is wanted', () => {
    const { generator, client, begin, run, answerAll } = setUp();
    begin();
    run();
    answerAll();
    generator.close([client]);
    expect(generator.snapshot().completed).toBe(5);
    generator.reset();
    expect(generator.snapshot()).toMatchObject({ intended: 0, released: 0, completed: 0 });
  });

  it('are followed: latency of successes from the intended time, and the end of the load', () => {
    let ends = 0;
    const onIdle = () => {
      ends += 1;
    };
    const { generator, begin, run, pass, waiting, answerAll } = setUp({ onIdle });
    const watcher = { latency: createHistogram() };
    const { latency } = watcher;
    generator.watch(watcher);
    begin();
    run();
    pass(10);
    waiting[0]!.answer(404);
    expect([latency.count, ends]).toEqual([0, 0]);
    waiting.splice(0, 1);
    answerAll();
    expect(latency.count).toBe(4);
    expect(latency.max).toBeCloseTo(13, 1);
    expect(ends).toBe(1);
    generator.unwatch(watcher);
    begin(everySecond, start + 20);
    run();
    answerAll();
    expect([latency.count, ends]).toEqual([4, 2]);
  });
});

describe('closing', () => {
  it('gives up what is on the way, and nothing is sent any more', () => {
    const { generator, client, begin, run, traces } = setUp();
    begin();
    run(start + 2.5);
    generator.close([client]);
    run();
    expect(traces.map(kindOf)).toEqual(['cancelled', 'cancelled']);
    expect(generator.snapshot()).toMatchObject({ intended: 2, completed: 2, failed: 2, inFlight: 0, idle: true });
  });

  it('ends all clients when the generator ends', () => {
    const { generator, begin, run, traces } = setUp();
    begin();
    run(start + 1.5);
    generator.end();
    run();
    expect(traces.map(kindOf)).toEqual(['cancelled']);
    expect(generator.isIdle()).toBe(true);
  });
});

describe('settled', () => {
  /** Resolves with what has become of a promise by the next turns of the event loop. */
  const stateOf = async (promise: Promise<void>) => {
    const state = { done: false };
    promise.then(
      () => {
        state.done = true;
      },
      () => {},
    );
    for (let i = 0; i < 5; i += 1) await new Promise(resolve => setImmediate(resolve));
    return state.done;
  };
  const never = new AbortController().signal;

  it('waits for what was due before, on the way or late, and for nothing else', async () => {
    const { generator, begin, run, pass, waiting } = setUp();
    begin();
    run(start + 1.5);
    pass(1);
    const settled = generator.settled(start + 2.5, never);
    expect(await stateOf(settled)).toBe(false);
    waiting[0]!.answer(200);
    expect(await stateOf(settled)).toBe(false);
    run(start + 3.5);
    expect(await stateOf(settled)).toBe(false);
    waiting[1]!.answer(500);
    expect(await stateOf(settled)).toBe(true);
    expect(generator.snapshot().inFlight).toBe(1);
  });

  it('is at once where nothing was due', async () => {
    const { generator, begin } = setUp();
    begin();
    expect(await stateOf(generator.settled(start + 1, never))).toBe(true);
  });

  it('lets nothing start before it from then on', () => {
    const { generator } = setUp();
    generator.settled(start + 7, never).catch(() => {});
    generator.settled(start + 3, never).catch(() => {});
    expect(generator.earliestStart()).toBe(start + 7);
  });

  it('ends when its signal says so', async () => {
    const { generator, begin, run } = setUp();
    begin();
    run(start + 1.5);
    const ended = new AbortController();
    const settled = generator.settled(start + 2, ended.signal);
    ended.abort(new Error('enough'));
    await expect(settled).rejects.toThrow('enough');
  });
});
