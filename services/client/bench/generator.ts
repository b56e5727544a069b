import { decodeHistogram, type Histogram } from '@galileo/analysis';
import { LoadClientDefinition, type SetWorkloadRequest, type WatchStatisticsResponse } from '@galileo/proto/client';
import { RecorderDefinition } from '@galileo/proto/recorder';
import { connect } from '@galileo/service';
import { freePort, serviceFile, startProgram } from '@galileo/testkit';
import { pinned } from './pinned.ts';
import { cpuOf, residentOf } from './process-figures.ts';

export interface GeneratorOptions {
  /** File of the client's bundle. */
  readonly program: string;
  readonly pacing: 'precise' | 'balanced' | 'eco';
  /** Are its traces recorded, with spool and reconciliation? Otherwise none are made. */
  readonly traced: boolean;
  /** Where the recorder keeps its store. */
  readonly directory: string;
}

/** A load: of a rate, drawn from an exponential distribution, or closed. */
export interface Load {
  readonly clients: number;
  /** Requests per second of all clients together. */
  readonly rate?: number;
  /** Requests of each client on the way at a time, in a closed loop. */
  readonly concurrency?: number;
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

function workloadOf({ clients, rate, concurrency }: Load): Partial<SetWorkloadRequest> {
  if (rate === undefined) return { concurrency: concurrency! };
  const process = { $case: 'distribution' as const, value: { name: 'expovariate', parameters: [rate / clients] } };
  return { arrival: { process, requests: 0 } };
}

/** Starts a recorder on core 0. */
async function startRecorder(directory: string) {
  await using stack = new AsyncDisposableStack();
  const address = `127.0.0.1:${await freePort()}`;
  const environment = { galileo_grpc_listen: address, galileo_bus: 'direct', galileo_data_dir: directory };
  const command = pinned(0, [process.execPath, serviceFile('recorder')]);
  const program = stack.use(await startProgram(command, { environment }));
  await program.untilOutput(/"msg":"ready"/, 20);
  const { client } = stack.use(connect(RecorderDefinition, address, { timeout: 90 }));
  const owned = stack.move();
  return { address, client, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** A load client, bundled as it is shipped, on core 1, and a recorder of its traces. */
export async function startGenerator({ program, pacing, traced, directory }: GeneratorOptions) {
  await using stack = new AsyncDisposableStack();
  const recorder = traced ? stack.use(await startRecorder(directory)) : undefined;
  const address = `127.0.0.1:${await freePort()}`;
  const environment = {
    ...{ galileo_grpc_listen: address, galileo_worker_name: 'bench', galileo_bus: 'direct', galileo_client_pacing: pacing },
    // What the recorder, on the target's core, can't take as fast as it is sent must not be given up.
    ...(recorder === undefined
      ? { galileo_trace_logging: 'none' }
      : { galileo_recorder: recorder.address, galileo_spool_size: '1GiB' }),
  };
  const client = stack.use(await startProgram(pinned(1, [process.execPath, program]), { environment }));
  await client.untilOutput(/"msg":"ready"/, 20);
  const { client: load } = stack.use(connect(LoadClientDefinition, address, { timeout: 90 }));
  const owned = stack.move();

  /** Runs something while its traces are recorded. @throws Error if one is lost */
  const recorded = async <T>(run: () => Promise<T>): Promise<T> => {
    if (recorder === undefined) return await run();
    const experimentId = `bench-${Date.now()}`;
    await recorder.client.startRecording({ experimentId });
    const result = await run();
    const { ledger } = await recorder.client.stopRecording({ experimentId, timeout: 60 });
    if (ledger!.entries.some(({ lost }) => lost > 0)) throw new Error(`traces were lost: ${JSON.stringify(ledger)}`);
    return result;
  };

  return {
    resident: () => residentOf(client.pid),

    /** Generates load against HOST:PORT for some seconds. */
    run: (host: string, wanted: Load, duration: number): Promise<Outcome> =>
      recorded(async () => {
        await load.setRoutes({ routes: [{ service: 'target', hosts: [host], weights: [1] }] });
        const { clients } = await load.createClients({ service: 'target', count: wanted.clients, request: {} });
        const startAt = Date.now() / 1000 + lead + wanted.clients / 1000;
        const workload = { ...workloadOf(wanted), startAt, duration };
        // A few at a time, as the orchestrator does it.
        const rest = clients.entries();
        const startRest = async () => {
          for (const [seed, { clientId }] of rest) await load.setWorkload({ clientId, seed: seed + 1, ...workload });
        };
        await Promise.all(Array.from({ length: 32 }, startRest));
        await seconds(startAt - Date.now() / 1000 + settling);
        let first: (WatchStatisticsResponse & { cpu: number }) | undefined;
        let last = first;
        for await (const figures of load.watchStatistics({ interval: 0.5 })) {
          // What comes after the end of the load is no part of it.
          if (figures.at > startAt + duration && last !== undefined) break;
          last = { ...figures, cpu: cpuOf(client.pid) };
          first ??= last;
        }
        const resident = residentOf(client.pid);
        await load.closeClients({ clientIds: [] });
        const cpu = last!.cpu - first!.cpu;
        return {
          ...{ intended: last!.intended, released: last!.released, failed: last!.failed },
          releaseError: decodeHistogram(last!.releaseError),
          cpuPerRequest: cpu / (last!.completed - first!.completed),
          cpuPercent: cpu / 1e4 / (last!.at - first!.at),
          resident,
        };
      }),

    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
