import { type Arrival, createSchedule, scheduleHash } from '@galileo/workload';
import { expect, test } from 'vitest';
import { everySecond, setUp, start } from '../test/virtual-generator.ts';
import { hashedSchedule } from './hashed-schedule.ts';

const arrival: Arrival = { kind: 'distribution', name: 'expovariate', parameters: [100], requests: 1000 };

test('a schedule has the hash of all its due times once it was drawn to its end, and not before', () => {
  const { hash } = scheduleHash(createSchedule({ arrival, seed: 7 }));
  const hashed = hashedSchedule(createSchedule({ arrival, seed: 7 }));
  const plain = createSchedule({ arrival, seed: 7 });
  for (let time = plain.next(); time !== undefined; time = plain.next()) {
    expect(hashed.hash()).toBeUndefined();
    expect(hashed.next()).toBe(time);
  }
  expect(hashed.next()).toBeUndefined();
  expect(hashed.hash()).toBe(hash);
  expect(hashed.next()).toBeUndefined();
  expect(hashed.hash()).toBe(hash);
});

test('a client has it when all was handed over; not after it was stopped, nor in a closed loop', () => {
  const { generator, client, begin, run, answerAll } = setUp();
  begin();
  run();
  answerAll();
  expect(client.schedule?.hash()).toBe(scheduleHash(createSchedule({ arrival: everySecond, seed: 1 })).hash);
  begin(everySecond, start + 10);
  generator.stop(client);
  expect(client.schedule?.hash()).toBeUndefined();
  generator.startLoop(client, { concurrency: 1, requests: 1 }, start + 10);
  expect(client.schedule).toBeUndefined();
});
