import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openDirectPublisher } from '@galileo/bus';
import { RecorderDefinition } from '@galileo/proto/recorder';
import { producerId, startProducer } from '@galileo/reconcile';
import { type ClockStep, connect, createClock, waitForServing } from '@galileo/service';
import {
  type FaultProxy,
  silentLog,
  startFaultProxy,
  startProgram,
  startService,
  temporaryDirectory,
  until,
} from '@galileo/testkit';
import { expect, test } from 'vitest';
import { instantOf, type Timeline, timeAt } from './clock-timeline.ts';
import { launchProducer, launchRecorder, sql } from './harness.ts';

interface Row {
  readonly producer: string;
  readonly at: number;
  readonly offset: number;
  readonly uncertainty: number;
  readonly segment: number;
}

const rowsIn = (path: string) =>
  sql(
    path,
    'SELECT PRODUCER AS producer, AT AS at, "OFFSET" AS offset, UNCERTAINTY AS uncertainty, SEGMENT AS segment FROM clock_offsets',
  ) as unknown as Row[];

const recorderProgram = new URL('./clock-recorder.ts', import.meta.url);
const producerProgram = new URL('./clock-producer.ts', import.meta.url);

const run = (program: URL, ...args: readonly (string | number)[]) =>
  startProgram([process.execPath, fileURLToPath(program), ...args.map(String)]);

/** The lines of JSON that a program has printed whole. */
const printed = <T>(output: string) =>
  output
    .split('\n')
    .slice(0, -1)
    .filter(line => line.startsWith('{'))
    .map(line => JSON.parse(line) as T);

/** Draws numbers from a seed (xorshift). */
function createDraw(seed: number) {
  let state = seed | 1;
  return (low: number, high: number) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return low + (high - low) * ((state >>> 0) / 2 ** 32);
  };
}

/** Makes every byte take up to 10 ms longer in each direction, another time every now and then, until disposed. */
function disturb(proxy: FaultProxy, draw: (low: number, high: number) => number): Disposable {
  let timer: NodeJS.Timeout;
  const change = () => {
    proxy.delay(draw(0, 1) < 0.3 ? 0 : draw(0, 0.01));
    timer = setTimeout(change, draw(20, 300));
  };
  change();
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

test('processes whose now() is shifted: the stored offsets hold the true one, through steps, sleep and a recorder that restarts', async () => {
  const seed = Number(process.env['galileo_test_seed'] ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`seed ${seed}`);
  const draw = createDraw(seed);
  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'store.db');
  const runRecorder = async (listen: string, shift: number) => {
    const program = await run(recorderProgram, path, listen, shift);
    return { program, line: await program.until('address', output => printed<Timeline & { address: string }>(output)[0]) };
  };
  const first = await runRecorder('127.0.0.1:0', 0);
  await using _first = first.program;
  const { address } = first.line;
  await using proxy = await startFaultProxy(address);
  using _disturbance = disturb(proxy, draw);
  await using ahead = await run(producerProgram, 'ahead', 3.7, 100e-6, 5, 0.5, address, proxy.address);
  await using behind = await run(producerProgram, 'behind', -120, -100e-6, -3600, 2, address, proxy.address);
  const told = (program: typeof ahead) => printed<Timeline & { ids: string[] }>(program.output());
  for (const program of [ahead, behind]) await program.until('timeline', output => printed(output).length > 0);
  const ids = [ahead, behind].flatMap(program => told(program)[0]!.ids);

  using connection = connect(RecorderDefinition, address, { timeout: 30 });
  await connection.client.startRecording({ experimentId: 'exp' });
  const reached = (segment: number, count: number) => () =>
    ids.every(id => rowsIn(path).filter(row => row.producer === id && row.segment === segment).length >= count);
  for (const [segment, what] of ['start', 'step', 'sleep'].entries()) {
    await until(`rows of after the ${what}`, reached(segment, 5), 20);
    if (segment < 2) for (const program of [ahead, behind]) void program.kill('SIGUSR2');
  }
  proxy.reset();
  await until('rows of after the connection was lost', reached(2, 9), 20);
  await first.program.kill();
  const second = await runRecorder(address, 50);
  await using _second = second.program;
  await until('rows of after the restart', reached(3, 5), 20);
  await waitForServing(address, 10);
  const { ledger } = await connection.client.stopRecording({ experimentId: 'exp', timeout: 10 });
  expect(ledger).toMatchObject({ final: true, missingProducers: [] });

  const rows = rowsIn(path);
  const judged = rows.map(row => {
    const own = [ahead, behind]
      .flatMap(told)
      .find(line => line.ids.includes(row.producer) && line.segment === Math.min(2, row.segment))!;
    const reference = row.segment < 3 ? first.line : second.line;
    const truth = timeAt(reference, instantOf(own, row.at)) - row.at;
    return { ...row, truth, within: Math.abs(row.offset - truth) <= row.uncertainty };
  });
  for (const [index, id] of ids.entries()) {
    const own = judged.filter(row => row.producer === id);
    const ms = (value: number) => (value * 1000).toFixed(3);
    console.log(
      `${id}: ${own.filter(row => row.within).length} of ${own.length} within, median uncertainty ${ms(median(own.map(row => row.uncertainty)))} ms, ` +
        `median error ${ms(median(own.map(row => Math.abs(row.offset - row.truth))))} ms, ${index % 2 === 0 ? 'loopback' : 'proxy'}`,
    );
    expect(new Set(own.map(row => row.segment))).toEqual(new Set([0, 1, 2, 3]));
  }
  const outside = judged.filter(row => !row.within);
  expect.soft(outside.length / judged.length, JSON.stringify(outside, undefined, 1)).toBeLessThanOrEqual(0.05);
}, 60_000);

test('a producer follows its system clock until a recording begins, and then not until it has ended', async () => {
  await using directory = await temporaryDirectory();
  const sqlitePath = join(directory.path, 'store.db');
  await using recorder = await launchRecorder({ sqlitePath });
  const steps: ClockStep[] = [];
  let stepped = 0;
  const clock = createClock({ wall: () => Date.now() + stepped, monotonic: () => performance.now() }, step => steps.push(step));
  const id = producerId('telemd', 'pi');
  const common = { recorder: recorder.address, credentials: {}, log: silentLog };
  await using publisher = openDirectPublisher({ ...common, producerId: id });
  await using producer = startProducer({
    ...{ ...common, publisher, service: 'telemd', node: 'pi', id, clock, clockInterval: 0.1 },
    spool: { directory: join(directory.path, 'spool'), maxBytes: 2 ** 20 },
  });
  await producer.ready();

  stepped = -86_400_000;
  await recorder.start('exp');
  expect(steps).toEqual([{ by: expect.closeTo(-86_400, 1), followed: true }]);
  const first = await until('a row', () => rowsIn(sqlitePath)[0]);

  stepped = 0;
  clock.check();
  expect(steps.at(-1)).toEqual({ by: expect.closeTo(86_400, 1), followed: false });
  producer.telemetry({ node: 'pi', metric: 'cpu', subsystem: null, timestamp: clock.now(), value: 1 });
  await until('a row of the next segment', () => rowsIn(sqlitePath).some(row => row.segment > first.segment));
  expect(rowsIn(sqlitePath).every(row => Math.abs(row.offset - 86_400) < 60)).toBe(true);
  expect(await recorder.stop('exp')).toMatchObject({ final: true, mismatches: [] });
  clock.check();
  expect(steps.at(-1)).toEqual({ by: expect.closeTo(86_400, 1), followed: true });
});

test('the load balancer’s clock is noted too, and nobody waits for it', async () => {
  await using directory = await temporaryDirectory();
  const sqlitePath = join(directory.path, 'store.db');
  await using recorder = await launchRecorder({ sqlitePath });
  await using producer = await launchProducer({ recorder: recorder.address });
  await using balancer = await startService('loadbalancer', {
    galileo_recorder: recorder.address,
    galileo_grpc_listen: '127.0.0.1:0',
    galileo_lb_listen_host: '127.0.0.1',
    eb_go_lb_listen_port: '0',
    eb_go_lb_node_name: 'gateway',
  });
  await balancer.ready();
  expect(await recorder.start('exp')).toMatchObject({ producers: [producer.id] });
  const row = await until('a row of its clock', () => rowsIn(sqlitePath).find(row => row.producer.startsWith('loadbalancer/')));
  expect(row.producer).toMatch(/^loadbalancer\/gateway\/./);
  expect(Math.abs(row.offset)).toBeLessThan(60);
  await balancer.kill();
  producer.trace();
  expect(await recorder.stop('exp')).toMatchObject({ final: true, mismatches: [], missingProducers: [] });
});
