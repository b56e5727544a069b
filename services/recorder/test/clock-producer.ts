// A process whose now() is shifted and drifts, with a producer for each recorder's address that it is given. At the first
// SIGUSR2 its system clock steps, at the second it seems to have slept. It prints how its clock runs, at its start and after
// both. Arguments: the node's name, shift in seconds, drift as a fraction, the step, seconds of the sleep, addresses.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDirectPublisher } from '@galileo/bus';
import { producerId, startProducer } from '@galileo/reconcile';
import { createClock } from '@galileo/service';
import { silentLog } from '@galileo/testkit';
import { readTimeline } from './clock-timeline.ts';

const [node, ...rest] = process.argv.slice(2);
const [shift, drift, step, slept] = rest.slice(0, 4).map(Number) as [number, number, number, number];
const addresses = rest.slice(4);

const spools = mkdtempSync(join(tmpdir(), 'galileo-clock-'));
process.on('exit', () => rmSync(spools, { recursive: true }));
const begin = performance.now();
const state = { stepped: 0, slept: 0 };
const drifted = () => drift * (performance.now() - begin);
const clock = createClock({
  wall: () => Math.floor(Date.now() + 1000 * (shift + state.stepped) + drifted()),
  monotonic: () => performance.now() + drifted() - 1000 * state.slept,
});

const producers = addresses.map((recorder, index) => {
  const id = producerId('telemd', `${node}-${index}`);
  const common = { recorder, credentials: {}, log: silentLog };
  const publisher = openDirectPublisher({ ...common, producerId: id });
  const spool = { directory: join(spools, `${index}`), maxBytes: 2 ** 20 };
  return startProducer({
    ...common,
    publisher,
    spool,
    service: 'telemd',
    node: `${node}-${index}`,
    id,
    clock,
    clockInterval: 0.15,
  });
});

const tell = () => {
  clock.check();
  console.log(JSON.stringify({ ids: producers.map(({ id }) => id), ...readTimeline(clock, 1 + drift) }));
};
await Promise.all(producers.map(producer => producer.ready()));
tell();
await once(process, 'SIGUSR2');
state.stepped = step;
tell();
await once(process, 'SIGUSR2');
state.slept = slept;
tell();
