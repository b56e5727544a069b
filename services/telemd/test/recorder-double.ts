import { RecorderDefinition } from '@galileo/proto/recorder';
import { bind, type GrpcServer, startGrpcServer } from '@galileo/service';
import { silentLog } from '@galileo/testkit';
import { parseTelemetry, type TelemetrySample } from '@galileo/wire';

export interface RecorderDouble extends AsyncDisposable {
  readonly address: string;
  /** Samples that have arrived, as their lines say. */
  readonly samples: readonly TelemetrySample[];
}

/** Takes what a producer publishes and keeps it; no recordings. For what the agent sends, not for what becomes of it. */
export async function startRecorderDouble(listen = '127.0.0.1:0'): Promise<RecorderDouble> {
  const samples: TelemetrySample[] = [];
  const unused = async () => ({});
  const service = bind(RecorderDefinition, {
    startRecording: unused,
    stopRecording: unused,
    getRecording: unused,
    listRecordings: unused,
    async *watchRecording() {},
    async *publish(requests) {
      for await (const { records, sequence } of requests) {
        for (const { channel, line } of records) {
          const sample = parseTelemetry(channel, Buffer.from(line).toString());
          if (!sample.ok) throw new Error(`${channel}: ${sample.reason}`);
          samples.push(sample.value);
        }
        yield { durableSequence: sequence };
      }
    },
    async *reconcile(requests) {
      for await (const { message } of requests) {
        // An empty message ends the list of open recordings.
        if (message?.$case === 'hello') yield {};
      }
    },
    async *syncClock(requests) {
      for await (const { sent } of requests) yield { sent, received: sent, answered: sent };
    },
  });
  const server: GrpcServer = await startGrpcServer({ listen, credentials: {}, services: [service], log: silentLog });
  server.setServing(true);
  return { address: server.address, samples, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}
