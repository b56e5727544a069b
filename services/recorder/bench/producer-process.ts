// A producer that produces what its parent asks for. It ends when its parent lets go of it.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { openDirectPublisher, openRedisPublisher } from '@galileo/bus';
import { producerId, sharedSpoolDirectory, startProducer } from '@galileo/reconcile';
import { createClock, createLog } from '@galileo/service';
import { answerParent } from './child.ts';
import type { Load, Produced, ProducerTask } from './messages.ts';
import { samplesOf, tracesOf } from './records.ts';

/** Records between two flushes, and flushes under way, when as many are published as are taken. */
const perFlush = 1000;
const flushes = 32;

/** Seconds between two turns of a producer that keeps a rate. */
const turn = 0.01;

const { bus, recorder, node } = JSON.parse(process.argv[2]!) as ProducerTask;
const clock = createClock();
const log = createLog('producer', 'WARN');
const id = producerId('telemd', node);
// Apart from those of earlier runs, and in memory as by default.
const directory = mkdtempSync(`${sharedSpoolDirectory(node)}-`);
const spool = { directory, maxBytes: 512 * 1024 * 1024 };

const publisher =
  bus.name === 'direct'
    ? openDirectPublisher({ producerId: id, log, recorder, credentials: {} })
    : openRedisPublisher({ producerId: id, log, redis: bus.redis });
const producer = startProducer({ publisher, recorder, credentials: {}, service: 'telemd', node, id, clock, spool, log });
await producer.ready(AbortSignal.timeout(20_000));

const token = () => randomBytes(8).toString('hex');
const sources = { telemetry: samplesOf(producer, node, clock), trace: tracesOf(producer, node, clock, token) };

const turnOver = () => new Promise(resolve => setImmediate(resolve));

/** Produces as fast as records are taken: so many flushes may be under way. */
async function produceAll({ kind, records }: Load): Promise<void> {
  const { perTick, tick } = sources[kind];
  const pending: Promise<void>[] = [];
  for (let produced = 0; produced < records; produced += perTick) {
    tick();
    if ((produced + perTick) % perFlush !== 0) continue;
    // What was produced in a turn of the event loop goes into the spool and to the publisher at its end.
    await turnOver();
    pending.push(publisher.flush());
    if (pending.length >= flushes) await pending.shift();
  }
  await Promise.all(pending);
}

/** Produces at a rate; what a late turn has missed is made up for. */
async function producePaced({ kind, records }: Load, perSecond: number): Promise<void> {
  const { perTick, tick } = sources[kind];
  const begun = performance.now();
  for (let produced = 0; produced < records; ) {
    const due = Math.min(records, ((performance.now() - begun) / 1000) * perSecond);
    for (; produced < due; produced += perTick) tick();
    await sleep(turn * 1000);
  }
  await publisher.flush();
}

await answerParent({ id }, async (load: Load): Promise<Produced> => {
  const before = process.cpuUsage();
  const begun = clock.now();
  await (load.perSecond === undefined ? produceAll(load) : producePaced(load, load.perSecond));
  const { user, system } = process.cpuUsage(before);
  return { begun, ended: clock.now(), cpu: user + system };
});

await producer[Symbol.asyncDispose]();
await publisher[Symbol.asyncDispose]();
rmSync(directory, { recursive: true, force: true });
