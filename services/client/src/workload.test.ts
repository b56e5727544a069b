import { splitHeaders } from '@galileo/wire';
import { type Arrival, createSchedule } from '@galileo/workload';
import { describe, expect, it } from 'vitest';
import { counters, everySecond, kindOf, setUp, start } from '../test/virtual-generator.ts';
import { closedLoopProblem } from './closed-loop.ts';

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
    generator.close([client]);
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
  it('sends the next request in the turn after one has ended, never more than its concurrency, created when handed over', () => {
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
      run();
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
      run();
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
    run();
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
