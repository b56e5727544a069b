// A producer of the fault tests, as a process of its own. It makes load from the moment in which its recordings are known until
// SIGUSR2, and ends at SIGTERM. Two files tell what it made: `intended`, written before records are given to the producer, and
// `kept`, written when they are in its spool. The variable `galileo_load` holds its options as JSON.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { openSync, writeSync } from 'node:fs';
import { openRedisPublisher } from '@galileo/bus';
import { producerId, type SpoolSettings, startProducer } from '@galileo/reconcile';
import { createClock, createLog } from '@galileo/service';
import { type Load, telemetryLoad, tickLength, traceLoad } from './load.ts';
import { createDraw } from './random.ts';

export interface LoadOptions {
  readonly service: 'client' | 'telemd';
  readonly node: string;
  /** Records per second. */
  readonly rate: number;
  readonly seed: number;
  /** HOST:PORT. */
  readonly recorder: string;
  readonly redis: { readonly host: string; readonly port: number };
  readonly spool: SpoolSettings;
  /** Most that waits for Redis, bytes. */
  readonly publisherBytes: number;
  /** The two files' path without their endings. */
  readonly files: string;
}

const options = JSON.parse(process.env['galileo_load']!) as LoadOptions;
const { service, node, rate, recorder, redis, spool, files } = options;
const log = createLog('load', 'INFO');
const clock = createClock();
const draw = createDraw(options.seed);
const id = producerId(service, node);
const publisher = openRedisPublisher({ redis, producerId: id, log, maxBytes: options.publisherBytes, closeTimeout: 1 });
const producer = startProducer({ publisher, recorder, credentials: {}, service, node, id, clock, spool, log });
await producer.ready();

// Tokens must differ between processes, whatever their seeds.
const newToken = () => randomBytes(8).toString('hex');
const load: Load = service === 'client' ? traceLoad(node, rate, draw, newToken) : telemetryLoad(node, rate, draw);
const [intended, kept] = [openSync(`${files}.intended`, 'a'), openSync(`${files}.kept`, 'a')];
const start = clock.now();
let ticks = 0;
let resting = false;

const timer = setInterval(() => {
  const due = Math.floor((clock.now() - start) / tickLength);
  const steps = [];
  for (; ticks < due; ticks++) steps.push(...(resting ? load.drain : load.tick)(start + ticks * tickLength));
  const lines = steps.flatMap(({ identity }) => (identity === undefined ? [] : `${identity}\n`)).join('');
  writeSync(intended, lines);
  for (const { give } of steps) give(producer);
  // The producer commits to its spool at the end of the turn, and has been in line before.
  setImmediate(() => writeSync(kept, lines));
  if (!resting || !load.idle) return;
  clearInterval(timer);
  setImmediate(() => log.info('rests'));
}, tickLength * 1000);

process.on('SIGUSR2', () => {
  resting = true;
});
log.info({ producer: id }, 'ready');
await once(process, 'SIGTERM');
clearInterval(timer);
await producer[Symbol.asyncDispose]();
await publisher[Symbol.asyncDispose]();
