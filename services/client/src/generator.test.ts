import { createHistogram } from '@galileo/analysis';
import { splitHeaders, type Trace } from '@galileo/wire';
import { type Arrival, createSchedule } from '@galileo/workload';
import { describe, expect, it } from 'vitest';
import { virtualTime } from '../test/virtual-time.ts';
import { closedLoopProblem } from './closed-loop.ts';
import { createGenerator, type GeneratorOptions } from './generator.ts';
import { createRouter } from './router.ts';
import { type Answer, type OutgoingRequest, unsent } from './sender.ts';

const start = 1_700_000_000;
const request: OutgoingRequest = { method: 'GET', path: '/', headers: {}, body: undefined, timeout: 60 };
const everySecond: Arrival = { kind: 'distribution', name: 'constant', parameters: [1], requests: 5 };
const route = { service: 'pi', hosts: ['a:1'], weights: [1] };

/** A generator in virtual time, and the requests that it has sent, to be answered by the test. */
function setUp(options: Partial<GeneratorOptions> = {}) {
  const loop = virtualTime(start);
  const traces: Trace[] = [];
  const errors: unknown[] = [];
  const prepared: string[] = [];
  const waiting: { host: string; answer: (status: number) => void }[] = [];
  const generator = createGenerator({
    worker: 'w',
    time: loop.time,
    sender: {
      send(host, _request, done) {
        const sent = loop.time.now();
        const answer = (fields: Partial<Answer>) => done({ ...unsent(loop.time.now(), 'x'), sent, error: null, ...fields });
        waiting.push({ host, answer: status => answer({ status }) });
        return kind => answer({ error: kind });
      },
      prepare: host => prepared.push(host),
      async [Symbol.asyncDispose]() {},
    },
    router: createRouter('CachingSymmetryHostRouter', { host: 'localhost', prefix: '' }),
    maxInFlight: 1000,
    onClient: () => {},
    onLaunch: () => {},
    onTrace: trace => traces.push(trace),
    onError: error => errors.push(error),
    ...options,
  });
  generator.setRoutes([route]);
  const [client] = generator.create('pi', request, 1);
  const begin = (arrival: Arrival = everySecond, at = start) =>
    generator.start(client!, createSchedule({ arrival, seed: 1 }), at);
  const answerAll = () => {
    for (const { answer } of waiting.splice(0)) answer(200);
  };
  return { ...loop, generator, client: client!, begin, traces, errors, prepared, waiting, answerAll };
}

const kindOf = (trace: Trace) => splitHeaders(trace.headers).details.error;
const counters = (traces: readonly Trace[]) => traces.map(trace => Number(trace.requestId.split(':')[1]));

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
    expect(client.token).toMatch(/^[0-9a-f]{16}$/);
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
    const { generator, run, traces, answerAll } = setUp();
    const clients = generator.create('pi', request, 20);
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
    const { generator, run, waiting } = setUp();
    generator.setRoutes([{ service: 'pi', hosts: ['a:1', 'b:1'], weights: [1, 2] }]);
    const clients = generator.create('pi', request, 2);
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
      onTrace: () => {
        throw new Error('no');
      },
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

  it('begin anew with the first clients of a worker that had none', () => {
    const { generator, begin, run, answerAll } = setUp();
    begin();
    run();
    answerAll();
    generator.create('pi', request, 1);
    expect(generator.snapshot().completed).toBe(5);
    generator.close(['w:pi:0', 'w:pi:1']);
    expect(generator.snapshot().completed).toBe(5);
    expect(generator.create('pi', request, 1)[0]!.id).toBe('w:pi:2');
    expect(generator.snapshot()).toMatchObject({ intended: 0, released: 0, completed: 0 });
  });

  it('are followed: latency of successes from the intended time, and the end of the load', () => {
    const { generator, begin, run, pass, waiting, answerAll } = setUp();
    const latency = createHistogram();
    let ends = 0;
    const unwatch = generator.watch({
      latency,
      onIdle: () => {
        ends += 1;
      },
    });
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
    unwatch();
    begin(everySecond, start + 20);
    run();
    answerAll();
    expect([latency.count, ends]).toEqual([4, 1]);
  });
});

describe('a workload', () => {
  it('stops at once; what is on the way goes on, and what was due and not handed over counts as intended', () => {
    const { generator, client, begin, run, pass, traces, answerAll } = setUp();
    begin();
    run(start + 2.5);
    pass(1);
    generator.stop(client);
    run();
    expect(generator.snapshot()).toMatchObject({ intended: 3, released: 2, inFlight: 2, idle: false });
    answerAll();
    expect(traces.map(trace => trace.status)).toEqual([200, 200]);
    expect(generator.snapshot().idle).toBe(true);
    generator.stop(client);
  });

  it('is replaced by another one; the counters go on', () => {
    const { generator, client, begin, run, traces, answerAll } = setUp();
    begin();
    run(start + 2.5);
    begin({ kind: 'distribution', name: 'constant', parameters: [0.1], requests: 3 }, start + 10);
    run();
    answerAll();
    expect(traces.map(trace => Number((trace.created - start).toFixed(6)))).toEqual([1, 2, 10.1, 10.2, 10.3]);
    expect(counters(traces)).toEqual([1, 2, 3, 4, 5]);
    expect(generator.snapshot().intended).toBe(5);
    expect(client.active).toBeUndefined();
  });

  it('may be empty', () => {
    const { generator, begin } = setUp();
    begin({ kind: 'ticks', rates: [0], interval: 1 });
    expect(generator.snapshot()).toMatchObject({ intended: 0, idle: true });
  });
});

describe('the end of a workload', () => {
  it('is told once, when the last answer is there', () => {
    const { generator, client, run, waiting } = setUp();
    let ends = 0;
    const onDone = () => {
      ends += 1;
    };
    generator.start(client, createSchedule({ arrival: everySecond, seed: 1 }), start, { onDone });
    run();
    for (const { answer } of waiting.slice(1)) answer(200);
    expect(ends).toBe(0);
    waiting[0]!.answer(500);
    expect(ends).toBe(1);
    expect(client.active).toBeUndefined();
  });

  it('is told also where no request could be sent, and where there was none', () => {
    const { generator, client, run } = setUp();
    generator.setRoutes([]);
    let ends = 0;
    const onDone = () => {
      ends += 1;
    };
    generator.start(client, createSchedule({ arrival: everySecond, seed: 1 }), start, { onDone });
    run();
    expect(ends).toBe(1);
    const nothing: Arrival = { kind: 'ticks', rates: [0], interval: 1 };
    generator.start(client, createSchedule({ arrival: nothing, seed: 1 }), start, { onDone });
    expect(ends).toBe(2);
  });

  it('is not told of one that was stopped, replaced or closed', () => {
    const { generator, client, run, answerAll } = setUp();
    let ends = 0;
    const onDone = () => {
      ends += 1;
    };
    const begin = () => generator.start(client, createSchedule({ arrival: everySecond, seed: 1 }), start, { onDone });
    begin();
    run(start + 2.5);
    generator.stop(client);
    begin();
    generator.startLoop(client, { concurrency: 2 }, start + 3, { onDone });
    run();
    generator.close([client.id]);
    answerAll();
    expect(ends).toBe(0);
  });

  it('may begin the next one', () => {
    const { generator, client, run, answerAll, traces } = setUp();
    const again = () => generator.startLoop(client, { concurrency: 1, requests: 2 }, start + 9);
    generator.start(client, createSchedule({ arrival: everySecond, seed: 1 }), start, { onDone: again });
    for (let i = 0; i < 5; i += 1) {
      run();
      answerAll();
    }
    expect(traces).toHaveLength(7);
    expect(generator.snapshot()).toMatchObject({ intended: 7, released: 7, completed: 7, idle: true });
  });
});

describe('a limit of requests on the way', () => {
  it('lets them wait inside: nothing is skipped, and the traces show when they were handed over', () => {
    const { generator, client, run, pass, waiting, traces } = setUp();
    const limit = { maxInFlight: 2, policy: 'queue' } as const;
    generator.start(client, createSchedule({ arrival: everySecond, seed: 1 }), start, { limit });
    run();
    expect(waiting).toHaveLength(2);
    expect(generator.snapshot()).toMatchObject({ intended: 5, released: 2, inFlight: 2, idle: false });
    pass(10);
    for (let i = 0; i < 5; i += 1) {
      waiting[i]!.answer(200);
      expect(generator.snapshot().inFlight).toBeLessThanOrEqual(2);
    }
    expect(traces.map(trace => Math.round(trace.created - start))).toEqual([1, 2, 3, 4, 5]);
    const late = traces.map(trace => Math.round(splitHeaders(trace.headers).details.released! - trace.created));
    expect(late).toEqual([0, 0, 12, 11, 10]);
    expect(generator.snapshot()).toMatchObject({ released: 5, completed: 5, idle: true });
  });

  it('drops them where that is the policy: they are traced, and never sent', () => {
    const { generator, client, run, waiting, traces, answerAll } = setUp();
    const limit = { maxInFlight: 2, policy: 'drop' } as const;
    generator.start(client, createSchedule({ arrival: everySecond, seed: 1 }), start, { limit });
    run();
    expect(waiting).toHaveLength(2);
    expect(traces.map(kindOf)).toEqual(['dropped', 'dropped', 'dropped']);
    expect(traces.every(trace => trace.sent === -1 && trace.status === -1)).toBe(true);
    answerAll();
    expect(counters(traces).toSorted()).toEqual([1, 2, 3, 4, 5]);
    expect(client).toMatchObject({ failed: 3, unsuccessful: 3, completed: 5 });
  });

  it('forgets what waits when the workload is stopped, and counts it as intended', () => {
    const { generator, client, run, traces, answerAll } = setUp();
    const limit = { maxInFlight: 2, policy: 'queue' } as const;
    generator.start(client, createSchedule({ arrival: everySecond, seed: 1 }), start, { limit });
    run();
    generator.stop(client);
    answerAll();
    expect(traces).toHaveLength(2);
    expect(generator.snapshot()).toMatchObject({ intended: 5, released: 2, idle: true });
  });

  it('holds also where what waited fails at once', () => {
    const { generator, client, run, traces, waiting } = setUp();
    const arrival: Arrival = { kind: 'distribution', name: 'constant', parameters: [0], requests: 20_000 };
    const limit = { maxInFlight: 1, policy: 'queue' } as const;
    generator.start(client, createSchedule({ arrival, seed: 1 }), start, { limit });
    run();
    generator.setRoutes([]);
    waiting[0]!.answer(200);
    expect(traces).toHaveLength(20_000);
    expect(generator.snapshot().idle).toBe(true);
  });
});

describe('a closed loop', () => {
  it('sends the next request when one ends, never more than its concurrency, created when handed over', () => {
    const { generator, client, run, pass, waiting, traces } = setUp();
    let ends = 0;
    const onDone = () => {
      ends += 1;
    };
    generator.startLoop(client, { concurrency: 3, requests: 8 }, start + 1, { onDone });
    expect(waiting).toHaveLength(0);
    run();
    for (let answered = 0; answered < 8; answered += 1) {
      expect(waiting.length - answered).toBe(Math.min(3, 8 - answered));
      pass(1);
      waiting[answered]!.answer(200);
    }
    expect([traces.length, ends]).toEqual([8, 1]);
    expect(traces.map(trace => Math.round(trace.created - start))).toEqual([1, 1, 1, 2, 3, 4, 5, 6]);
    for (const trace of traces) expect(splitHeaders(trace.headers).details.released).toBeCloseTo(trace.created, 5);
    const { releaseError, ...counts } = generator.snapshot();
    expect(counts).toMatchObject({ intended: 8, released: 8, completed: 8, idle: true });
    expect(releaseError.count).toBe(0);
  });

  it('ends after its duration, and waits for what is on the way', () => {
    const { generator, client, run, pass, waiting, traces } = setUp();
    let ends = 0;
    const onDone = () => {
      ends += 1;
    };
    generator.startLoop(client, { concurrency: 2, duration: 2.5 }, start, { onDone });
    run();
    for (let answered = 0; answered < waiting.length; answered += 1) {
      pass(1);
      waiting[answered]!.answer(200);
    }
    expect([traces.length, ends]).toEqual([4, 1]);
  });

  it('without a route ends after its requests, and lets the event loop turn', () => {
    const { generator, client, run, traces, counts } = setUp();
    generator.setRoutes([]);
    let ends = 0;
    const onDone = () => {
      ends += 1;
    };
    const before = counts.turns;
    generator.startLoop(client, { concurrency: 10, requests: 1000 }, start, { onDone });
    run();
    expect([traces.length, ends, generator.snapshot().idle]).toEqual([1000, 1, true]);
    expect(counts.turns - before).toBeGreaterThan(1);
  });

  it('stops at once', () => {
    const { generator, client, run, waiting, answerAll } = setUp();
    generator.startLoop(client, { concurrency: 2 }, start);
    run();
    answerAll();
    expect(waiting).toHaveLength(2);
    generator.stop(client);
    answerAll();
    run();
    expect(generator.snapshot()).toMatchObject({ intended: 4, released: 4, completed: 4, idle: true });
  });

  it.each([
    [{ concurrency: 0 }, 'concurrency: found 0'],
    [{ concurrency: 1, requests: 1.5 }, 'requests: found 1.5'],
    [{ concurrency: 1, duration: 0 }, 'duration: found 0'],
  ])('can not be %j', (loop, problem) => {
    expect(closedLoopProblem(loop)).toContain(problem);
    expect(closedLoopProblem({ concurrency: 1 })).toBeUndefined();
  });
});

describe('closing', () => {
  it('gives up what is on the way, and nothing is sent any more', () => {
    const { generator, begin, run, traces } = setUp();
    begin();
    run(start + 2.5);
    expect(generator.close(['w:pi:0', 'nobody'])).toEqual(['w:pi:0']);
    run();
    expect(traces.map(kindOf)).toEqual(['cancelled', 'cancelled']);
    expect(generator.client('w:pi:0')).toBeUndefined();
    expect(generator.snapshot()).toMatchObject({ intended: 2, completed: 2, failed: 2, inFlight: 0, idle: true });
  });

  it('ends all clients when the generator ends', () => {
    const { generator, begin, run, traces } = setUp();
    begin();
    run(start + 1.5);
    generator.end();
    run();
    expect(traces.map(kindOf)).toEqual(['cancelled']);
    expect([...generator.clients()]).toEqual([]);
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
