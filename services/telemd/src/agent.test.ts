import { setTimeout as sleep } from 'node:timers/promises';
import { createClock } from '@galileo/service';
import { silentLog, until } from '@galileo/testkit';
import type { TelemetrySample } from '@galileo/wire';
import { expect, test } from 'vitest';
import { instrumentOf, sourcesAt } from '../test/sources.ts';
import { type ConfiguredInstrument, createAgent, PeriodError, UnknownInstrumentError } from './agent.ts';
import type { InstrumentDefinition } from './instrument.ts';

const clock = createClock();

/** Counts its openings and emits the time. */
function ticker(name: string) {
  const count = { opened: 0 };
  const definition: InstrumentDefinition = instrumentOf(() => {}, {
    name,
    open() {
      count.opened += 1;
      return { read: emit => emit(clock.now(), name, null, count.opened), [Symbol.dispose]() {} };
    },
  });
  return { count, definition };
}

function create(instruments: ConfiguredInstrument[]) {
  const samples: TelemetrySample[] = [];
  const sources = sourcesAt('/nowhere', { clock });
  const agent = createAgent({ instruments, sources, node: 'n1', publish: sample => void samples.push(sample), log: silentLog });
  const of = (metric: string) => samples.filter(sample => sample.metric === metric);
  return { agent, of, samples };
}

const hanging = instrumentOf(() => new Promise(() => {}), { name: 'hanging' });
const throwing = instrumentOf(
  () => {
    throw new Error('no');
  },
  { name: 'throwing' },
);

test('instruments are read at their periods, side by side with those that fail, hang or are switched off', async () => {
  const { agent, of } = create([
    { definition: ticker('often').definition, switchedOn: true, period: 0.02 },
    { definition: ticker('off').definition, switchedOn: false, period: 0.02 },
    { definition: hanging, switchedOn: true, period: 0.02 },
    { definition: throwing, switchedOn: true, period: 0.02 },
  ]);
  using _ = agent;
  agent.start();
  await until('samples come', () => of('often').length >= 5);
  expect(of('off')).toEqual([]);
  const keys = of('often').map(({ timestamp }) => timestamp.toFixed(7));
  expect(new Set(keys).size).toBe(keys.length);
  expect(agent.list().map(({ name, switchedOn }) => [name, switchedOn])).toEqual([
    ['often', true],
    ['off', false],
    ['hanging', true],
    ['throwing', true],
  ]);
  expect(agent.list().find(({ name }) => name === 'throwing')?.failures).toBeGreaterThan(0);
});

test('a pause stops all samples; after it the sources are opened anew', async () => {
  const { count, definition } = ticker('a');
  const { agent, samples } = create([{ definition, switchedOn: true, period: 0.01 }]);
  using _ = agent;
  agent.start();
  await until('samples come', () => samples.length >= 2);
  agent.pause();
  agent.pause();
  const before = samples.length;
  await sleep(60);
  expect(samples.length).toBe(before);
  agent.unpause();
  agent.unpause();
  await until('samples come again', () => samples.length > before);
  expect(count.opened).toBe(2);
});

test('a pause before the start holds', async () => {
  const { agent, samples } = create([{ definition: ticker('a').definition, switchedOn: true, period: 0.01 }]);
  using _ = agent;
  agent.pause();
  agent.start();
  await sleep(60);
  expect(samples).toEqual([]);
  agent.unpause();
  await until('samples come', () => samples.length > 0);
});

test('periods can be changed within bounds, of instruments that there are', async () => {
  const { agent, samples } = create([{ definition: ticker('a').definition, switchedOn: true, period: 3600 }]);
  using _ = agent;
  agent.start();
  agent.setPeriod('a', 0.01);
  await until('samples come', () => samples.length > 1);
  expect(agent.list()[0]?.period).toBe(0.01);
  for (const period of [0, 0.009, -1, Number.NaN, Number.POSITIVE_INFINITY, 86_401]) {
    expect(() => agent.setPeriod('a', period)).toThrow(PeriodError);
  }
  expect(() => agent.setPeriod('b', 1)).toThrow(UnknownInstrumentError);
  expect(() => agent.setPeriod('b', 1)).toThrow('there is no instrument "b"; there are: a');
});

test('settled waits for readings under way', async () => {
  const answer = Promise.withResolvers<void>();
  let asked = false;
  const slow = instrumentOf(async emit => {
    asked = true;
    await answer.promise;
    emit(1, 'probe', null, 1);
  });
  const { agent, samples } = create([{ definition: slow, switchedOn: true, period: 0.01 }]);
  using _ = agent;
  agent.start();
  await until('it is asked', () => asked);
  const settled = agent.settled().then(() => samples.length);
  answer.resolve();
  expect(await settled).toBeGreaterThan(0);
});
