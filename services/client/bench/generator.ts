import { decodeHistogram, type Histogram } from '@galileo/analysis';
import { LoadClientDefinition, type WatchStatisticsResponse } from '@galileo/proto/client';
import { RecorderDefinition } from '@galileo/proto/recorder';
import { connect } from '@galileo/service';
import { startProgram, startService } from '@galileo/testkit';
import { pinned } from './pinned.ts';
import { cpuOf, residentOf } from './process-figures.ts';

export interface OpenLoad {
  /** HOST:PORT of the target. */
  readonly host: string;
  readonly clients: number;
  /** Requests per second of all clients together. */
  readonly rate: number;
  /** Seconds. */
  readonly duration: number;
  readonly pacing: 'precise' | 'balanced' | 'eco';
}

export interface Outcome {
  readonly intended: number;
  readonly released: number;
  readonly failed: number;
  readonly releaseError: Histogram;
  /** CPU time per request of the whole process, microseconds, and the share of a core, percent: from T0 + 1 s on. */
  readonly cpuPerRequest: number;
  readonly cpuPercent: number;
  /** At the end, MB. */
  readonly resident: number;
}

/** Seconds from the last command to T0, and from T0 on until the CPU time is counted. */
const lead = 1;
const settling = 1;

const seconds = (span: number) => new Promise(resolve => setTimeout(resolve, span * 1000));

/**
 * A load client, bundled as it is shipped, on core 1, and a recorder on core 0 that records its traces.
 * @param program file of the client's bundle
 */
export async function startGenerator(program: string, pacing: OpenLoad['pacing'], directory: string) {
  await using stack = new AsyncDisposableStack();
  const recorder = stack.use(
    await startService('recorder', { galileo_grpc_listen: '127.0.0.1:0', galileo_bus: 'direct', galileo_data_dir: directory }),
  );
  const recorderAddress = (await recorder.ready()).grpc!;
  const environment = {
    ...{ galileo_grpc_listen: '127.0.0.1:0', galileo_worker_name: 'bench', galileo_bus: 'direct' },
    ...{ galileo_recorder: recorderAddress, galileo_client_pacing: pacing },
  };
  const client = stack.use(await startProgram(pinned(1, [process.execPath, program]), { environment }));
  const [, address] = await client.untilOutput(/"msg":"ready".*"grpc":"([^"]+)"|"grpc":"([^"]+)".*"msg":"ready"/, 20);
  const { client: load } = stack.use(connect(LoadClientDefinition, address ?? client.output().match(/"grpc":"([^"]+)"/)![1]!));
  const { client: recording } = stack.use(connect(RecorderDefinition, recorderAddress, { timeout: 60 }));
  const owned = stack.move();

  return {
    resident: () => residentOf(client.pid),

    /** Generates load, recorded. @throws Error if a trace is lost */
    async run({ host, clients, rate, duration }: OpenLoad): Promise<Outcome> {
      const experimentId = `bench-${Date.now()}`;
      await recording.startRecording({ experimentId });
      await load.setRoutes({ routes: [{ service: 'target', hosts: [host], weights: [1] }] });
      const { clients: made } = await load.createClients({ service: 'target', count: clients, request: {} });
      const process = { $case: 'distribution' as const, value: { name: 'expovariate', parameters: [rate / clients] } };
      const startAt = Date.now() / 1000 + lead + clients / 1000;
      await Promise.all(
        made.map(({ clientId }, seed) =>
          load.setWorkload({ clientId, arrival: { process, requests: 0 }, seed: seed + 1, startAt, duration }),
        ),
      );
      await seconds(startAt - Date.now() / 1000 + settling);
      let [cpu, begun] = [cpuOf(client.pid), performance.now()];
      let first: WatchStatisticsResponse | undefined;
      let last: WatchStatisticsResponse | undefined;
      for await (const figures of load.watchStatistics({ interval: 0.5 })) {
        first ??= figures;
        last = figures;
      }
      cpu = cpuOf(client.pid) - cpu;
      begun = performance.now() - begun;
      const resident = residentOf(client.pid);
      await load.closeClients({ clientIds: [] });
      const { ledger } = await recording.stopRecording({ experimentId, timeout: 60 });
      const lost = ledger!.entries.reduce((sum, entry) => sum + entry.lost, 0);
      if (lost > 0 || last === undefined) throw new Error(`traces were lost: ${JSON.stringify(ledger)}`);
      return {
        ...{ intended: last.intended, released: last.released, failed: last.failed },
        releaseError: decodeHistogram(last.releaseError),
        cpuPerRequest: cpu / (last.completed - first!.completed),
        cpuPercent: cpu / 10 / begun,
        resident,
      };
    },

    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
