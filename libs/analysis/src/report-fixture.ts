import type { TelemetryRow, TraceSummary } from '@galileo/expdb';
import { type Experiment, ExperimentStatus } from '@galileo/proto/orchestrator';
import { RecordKind } from '@galileo/proto/recorder';
import type { ReportInput } from './report.ts';

// The load lasts from 1000 to 1020 s, the first 5 s are warm-up.
const start = 1000;
const warmupEnd = 1005;
const end = 1020;

export const experiment: Experiment = {
  id: '202601020304-ab12',
  name: 'pi',
  creator: 'test',
  status: ExperimentStatus.FINISHED,
  created: 990,
  start,
  end: 1021,
  reason: '',
};

export async function* chunks<T>(rows: readonly T[], size = 7): AsyncIterable<readonly T[]> {
  for (let index = 0; index < rows.length; index += size) yield rows.slice(index, index + size);
}

/** A request released 1 ms after it was due, sent 2 ms after it was due, and answered by pi-0 after `latency`. */
export function trace(number: number, created: number, latency: number, change: Partial<TraceSummary> = {}): TraceSummary {
  return {
    requestId: `0123456789abcdef:${number}`,
    client: 'w:pi:0',
    service: 'pi',
    created,
    sent: created + 0.002,
    done: created + latency,
    status: 200,
    server: '127.0.0.1:8080',
    released: created + 0.001,
    connected: null,
    firstByte: null,
    error: null,
    bytes: 10,
    replica: '127.0.0.1:9000',
    ...change,
  };
}

/** Ten requests per second: the first 50 in the warm-up and slow, the other 150 with 1, 2, … 150 ms; 3 to 1 over the replicas. */
export const traces = Array.from({ length: 200 }, (_, index) => {
  const replica = index % 4 === 3 ? '127.0.0.1:9001' : '127.0.0.1:9000';
  return trace(index + 1, start + index / 10, index < 50 ? 2 : (index - 49) / 1000, { replica });
});

function sample(timestamp: number, metric: string, subsystem: string | null, value: number, node = 'host'): TelemetryRow {
  return { expId: experiment.id, node, metric, subsystem, timestamp, value };
}

/** Twice a second; outside of the measured span everything is ten times as much. */
export const telemetry = Array.from({ length: 61 }, (_, index) => {
  const at = 995 + index / 2;
  const outside = at < warmupEnd || at > end ? 10 : 1;
  return [
    sample(at, 'cpu', null, 25 * outside),
    sample(at, 'cpu', '0', 90),
    sample(at, 'ram', null, 1000 * outside),
    sample(at, 'rx', 'eth0', 3 * outside),
    sample(at, 'rx', 'wlan0', 2 * outside),
    sample(at, 'rx', 'lo', 999),
    sample(at, 'tx', 'eth0', 1 * outside),
    sample(at, 'load1', null, 7),
    sample(at, 'proc_cpu', 'pi-0', at * 0.75e9 * outside),
    sample(at, 'proc_cpu', 'pi-1', at * 0.25e9),
    sample(at, 'proc_cpu', 'client-0', at * 0.1e9),
    sample(at, 'proc_rss', 'pi-0', (40e6 + (at - 1000) * 1000) * outside),
    sample(at, 'proc_rss', 'pi-1', 30e6),
    sample(at, 'proc_rss', 'client-0', 60e6),
  ];
}).flat();

export function input(
  change: Partial<ReportInput> & { rows?: readonly TraceSummary[]; samples?: readonly TelemetryRow[] } = {},
): ReportInput {
  const { rows = traces, samples = telemetry, ...rest } = change;
  const replica = (index: number, weight: number) => ({
    name: `pi-${index}`,
    address: `127.0.0.1:900${index}`,
    node: index === 0 ? 'node-a' : 'node-b',
    weight,
    died: '',
  });
  return {
    experiment,
    services: [{ name: 'pi', replicas: [replica(0, 3), replica(1, 1)] }],
    processes: ['client-0'],
    start,
    warmupEnd,
    end,
    ledger: {
      entries: [
        { kind: RecordKind.TRACE, produced: rows.length, stored: rows.length, rejected: 0, lost: 0, unverified: 0, unsettled: 0 },
        {
          kind: RecordKind.TELEMETRY,
          produced: samples.length,
          stored: samples.length,
          rejected: 0,
          lost: 0,
          unverified: 0,
          unsettled: 0,
        },
      ],
      final: true,
      mismatches: [],
      missingProducers: [],
    },
    intended: rows.length,
    released: rows.length,
    closedLoop: new Set(),
    limited: new Set(),
    scheduleHash: '',
    thresholds: ['latency.p99 < 200ms', 'errors < 1%', 'cpu(pi) < 80%', 'rate > 9'],
    nodeInfo: new Map([['host', { cpus: '4', arch: 'x86_64' }]]),
    traces: chunks(rows),
    telemetry: chunks(samples),
    clockOffsets: [],
    conductor: undefined,
    oneHost: true,
    notes: [],
    store: '/data/galileo.sqlite',
    ...rest,
  };
}
