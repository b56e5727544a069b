import { once } from 'node:events';
import { type ReconcileRequest, type ReconcileResponse, RecorderDefinition } from '@galileo/proto/recorder';
import { bind, type Clock, createClock, startGrpcServer } from '@galileo/service';
import { silentLog } from '@galileo/testkit';
import { parseTrace, type Trace } from '@galileo/wire';

const never = async () => {
  throw new Error('not part of the double');
};

/** A recorder's wire alone: it keeps the traces that are published to it, and what producers say; it tells the time by `clock`. */
export async function startRecorderDouble(listen = '127.0.0.1:0', clock: Clock = createClock()) {
  const traces: Trace[] = [];
  const said: ReconcileRequest[] = [];
  const commands: ReconcileResponse[] = [];
  const stopping = new AbortController();
  const stopped = once(stopping.signal, 'abort').then(() => ({ done: true }) as const);
  let wake = () => {};
  stopping.signal.addEventListener('abort', () => wake());

  const server = await startGrpcServer({
    listen,
    credentials: {},
    log: silentLog,
    services: [
      bind(RecorderDefinition, {
        startRecording: never,
        stopRecording: never,
        getRecording: never,
        listRecordings: never,
        async *watchRecording() {},
        async *publish(requests) {
          const batches = requests[Symbol.asyncIterator]();
          for (;;) {
            const batch = await Promise.race([batches.next(), stopped]);
            if (batch.done) return;
            for (const { line } of batch.value.records) {
              const trace = parseTrace(line.toString());
              if (!trace.ok) throw new Error(trace.reason);
              traces.push(trace.value);
            }
            yield { durableSequence: batch.value.sequence };
          }
        },
        async *reconcile(requests) {
          let ended = false;
          const listening = async () => {
            for await (const request of requests) said.push(request);
          };
          const end = () => {
            ended = true;
            wake();
          };
          listening().then(end, end);
          yield { message: undefined };
          while (!ended && !stopping.signal.aborted) {
            for (const command of commands.splice(0)) yield command;
            await new Promise<void>(resolve => {
              wake = resolve;
            });
          }
        },
        async *syncClock(requests) {
          for await (const { sent } of requests) {
            const received = clock.now();
            yield { sent, received, answered: clock.now(), reference: 'double' };
          }
        },
      }),
    ],
  });
  server.setServing(true);
  return {
    address: server.address,
    traces,
    said,
    /** Tells the producer something. */
    command(message: ReconcileResponse['message']): void {
      commands.push({ message });
      wake();
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await server[Symbol.asyncDispose]();
    },
  };
}
