// A recorder, whose store may be held at a rate. It ends when its parent lets go of it.
import { type ExperimentStore, openStore, type RecordBatch } from '@galileo/expdb';
import { createClock, createLog } from '@galileo/service';
import { startRecorder } from '../src/service.ts';
import { answerParent } from './child.ts';
import type { RecorderFigures, RecorderTask } from './messages.ts';

const task = JSON.parse(process.argv[2]!) as RecorderTask;
const clock = createClock();
let durable = 0;

function recordsIn({ telemetry, traces, events, deadLetters }: RecordBatch): number {
  return telemetry.length + traces.length + events.length + deadLetters.length;
}

/** Notes when records became durable, and takes no more rows per second than allowed. */
function watched(store: ExperimentStore, rowsPerSecond = Number.POSITIVE_INFINITY): ExperimentStore {
  let free = 0;
  return {
    ...store,
    async write(batch) {
      const records = recordsIn(batch);
      await store.write(batch);
      free = Math.max(free, performance.now() - 1000) + (records / rowsPerSecond) * 1000;
      const wait = free - performance.now();
      if (wait > 0) await new Promise(resolve => setTimeout(resolve, wait));
      if (records > 0) durable = clock.now();
    },
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

const { bus, sqlitePath, rowsPerSecond } = task;
const way = bus.name === 'direct' ? { bus: bus.name } : { bus: bus.name, redisHost: bus.redis.host, redisPort: bus.redis.port };
await using recorder = await startRecorder(
  { listen: '127.0.0.1:0', token: undefined, sqlitePath, ...way },
  { log: createLog('recorder', 'WARN'), clock },
  async options => watched(await openStore(options), rowsPerSecond),
);

await answerParent({ address: recorder.addresses['grpc'] }, async (): Promise<RecorderFigures> => {
  const { user, system } = process.cpuUsage();
  return { cpu: user + system, peakRss: process.resourceUsage().maxRSS * 1024, durable };
});
