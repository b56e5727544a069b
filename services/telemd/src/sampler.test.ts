import { until } from '@galileo/testkit';
import type { TelemetrySample } from '@galileo/wire';
import { describe, expect, test } from 'vitest';
import { recordingLog } from '../test/log.ts';
import { instrumentOf, sourcesAt } from '../test/sources.ts';
import { type InstrumentDefinition, Unavailable } from './instrument.ts';
import { createSampler } from './sampler.ts';

function start(definition: InstrumentDefinition, deadline = 0.05) {
  const published: TelemetrySample[] = [];
  const { log, lines, messages } = recordingLog();
  const publish = (sample: TelemetrySample) => void published.push(sample);
  const sampler = createSampler({ definition, sources: sourcesAt('/nowhere'), node: 'n1', publish, log, deadline });
  const run = (times: number) => {
    for (let time = 0; time < times; time += 1) sampler.run();
  };
  return { sampler, published, lines, messages, run };
}

test('samples carry the node, and the time and value that the instrument read', () => {
  const { sampler, published, messages } = start(
    instrumentOf(emit => {
      emit(5.5, 'rx', 'eth0', 12);
      emit(5.5, 'rx', null, 13);
    }),
  );
  sampler.run();
  expect(published).toEqual([
    { node: 'n1', metric: 'rx', subsystem: 'eth0', timestamp: 5.5, value: 12 },
    { node: 'n1', metric: 'rx', subsystem: null, timestamp: 5.5, value: 13 },
  ]);
  expect(sampler.state()).toMatchObject({ unavailable: undefined, samples: 2, failures: 0 });
  expect(messages()).toEqual([]);
});

describe('what goes wrong is counted, logged once, and harms nothing else', () => {
  test('an instrument that throws', () => {
    const { sampler, published, lines, run } = start(
      instrumentOf(() => {
        throw new Error('bad luck');
      }),
    );
    run(3);
    expect(sampler.state().failures).toBe(3);
    expect(lines).toMatchObject([{ msg: 'instrument fails', instrument: 'probe', reason: 'bad luck' }]);
    expect(published).toEqual([]);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])('a value of %s, beside a sound one', value => {
    const { sampler, published, lines, run } = start(
      instrumentOf(emit => {
        emit(1, 'bad', null, value);
        emit(1, 'good', null, 1);
      }),
    );
    run(2);
    expect(published.map(({ metric }) => metric)).toEqual(['good', 'good']);
    expect(sampler.state().failures).toBe(2);
    expect(lines).toMatchObject([{ msg: 'instrument fails', reason: `bad is ${value}; allowed: a finite number` }]);
  });

  test('one key twice in a reading: the second is not published', () => {
    const { published, lines, run } = start(
      instrumentOf(emit => {
        emit(1, 'rx', 'eth0', 1);
        emit(1, 'rx', 'eth0', 2);
      }),
    );
    run(1);
    expect(published.map(({ value }) => value)).toEqual([1]);
    expect(lines).toMatchObject([{ reason: 'rx/eth0 was given twice in one reading' }]);
  });

  test('an instrument that hangs: its deadline passes, it is not asked again, what comes late is thrown away', async () => {
    const answer = Promise.withResolvers<void>();
    let asked = 0;
    let aborted = false;
    const { sampler, published, lines, run } = start(
      instrumentOf(async (emit, signal) => {
        asked += 1;
        signal.addEventListener('abort', () => {
          aborted = true;
        });
        if (asked === 1) await answer.promise;
        emit(asked, 'slow', null, asked);
      }),
    );
    run(1);
    await sampler.settled();
    expect(aborted).toBe(true);
    expect(sampler.state().failures).toBe(1);
    expect(lines).toMatchObject([{ msg: 'instrument fails', reason: 'no answer within 0.05 s' }]);
    run(3);
    expect(asked).toBe(1);
    answer.resolve();
    await until('it is asked again', () => {
      run(1);
      return asked > 1;
    });
    await sampler.settled();
    expect(published.map(({ value }) => value)).toEqual([2]);
    expect(lines.at(-1)?.msg).toBe('instrument works again');
  });

  test('a source that is not there: unavailable, no failure; tried again, and reported when it comes', () => {
    let there = false;
    const definition = instrumentOf(() => {}, {
      open() {
        if (!there) throw new Error('no such file');
        return { read: emit => emit(1, 'probe', null, 1), [Symbol.dispose]() {} };
      },
    });
    const { sampler, published, messages, run } = start(definition);
    sampler.probe();
    expect(sampler.state()).toMatchObject({ unavailable: 'no such file', failures: 0, samples: 0 });
    run(3);
    there = true;
    run(1);
    expect(published).toHaveLength(1);
    expect(sampler.state()).toMatchObject({ unavailable: undefined, failures: 0 });
    expect(messages()).toEqual(['instrument is unavailable', 'instrument works again']);
  });

  test('a source that has nothing to give any more', () => {
    let opened = 0;
    const definition = instrumentOf(() => {}, {
      open() {
        opened += 1;
        return {
          read() {
            throw new Unavailable('unplugged');
          },
          [Symbol.dispose]() {},
        };
      },
    });
    const { sampler, messages, run } = start(definition);
    run(3);
    expect(sampler.state()).toMatchObject({ unavailable: 'unplugged', failures: 0 });
    expect(messages()).toEqual(['instrument is unavailable']);
    expect(opened).toBe(3);
  });

  test('an instrument that fails now and then, or can not even be closed', () => {
    let reading = 0;
    const definition = instrumentOf(() => {}, {
      open: () => ({
        read(emit) {
          reading += 1;
          if (reading === 2) throw new Error('hiccup');
          emit(reading, 'probe', null, 1);
        },
        [Symbol.dispose]() {
          throw new Error('stuck');
        },
      }),
    });
    const { published, messages, run } = start(definition);
    run(4);
    expect(published).toHaveLength(3);
    expect(messages()).toEqual(['instrument fails', "instrument can't be closed", 'instrument works again']);
  });
});

test('closing gives up a reading under way without calling it a failure, and the source is closed when it lets go', async () => {
  const answer = Promise.withResolvers<void>();
  let disposed = 0;
  const definition = instrumentOf(() => {}, {
    open: () => ({
      read: async emit => {
        await answer.promise;
        emit(1, 'probe', null, 1);
      },
      [Symbol.dispose]() {
        disposed += 1;
      },
    }),
  });
  const { sampler, published, messages } = start(definition, 60);
  sampler.run();
  sampler.close();
  await sampler.settled();
  expect(disposed).toBe(0);
  answer.resolve();
  await until('the source is closed', () => disposed === 1);
  expect(published).toEqual([]);
  expect(messages()).toEqual([]);
  expect(sampler.state().failures).toBe(0);
});
