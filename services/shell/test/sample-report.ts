import { ExperimentStatus, Report } from '@galileo/proto/orchestrator';
import { RecordKind } from '@galileo/proto/recorder';

/** The report of a run in which everything went well; `changes` replaces parts of it. */
export function sampleReport(changes: Partial<Report> = {}): Report {
  return {
    ...Report.fromPartial({
      experiment: {
        id: '202603011405-1a2b',
        name: 'pi-profile',
        creator: 'ada',
        status: ExperimentStatus.FINISHED,
        created: 1772370300,
        start: 1772370309.5,
        end: 1772370330.6,
      },
      verdict: { valid: true },
      ledger: {
        final: true,
        entries: [
          { kind: RecordKind.TRACE, produced: 2013, stored: 2013 },
          { kind: RecordKind.TELEMETRY, produced: 1530, stored: 1530 },
          { kind: RecordKind.EVENT, produced: 12, stored: 12 },
        ],
      },
      thresholds: [
        { expression: 'latency.p99 < 200ms', value: 0.0417, passed: true, measured: true },
        { expression: 'errors < 1%', value: 0, passed: true, measured: true },
        { expression: 'cpu(pi) < 80%', value: 0.4321, passed: true, measured: true },
      ],
      services: [
        {
          name: 'pi',
          requests: 1507,
          errors: 0,
          latency: { count: 1507, mean: 0.01432, p50: 0.01234, p90: 0.0231, p99: 0.0417, max: 0.0612 },
          serviceTime: { count: 1507, mean: 0.01301, p50: 0.01101, p90: 0.0214, p99: 0.0391, max: 0.0588 },
          replicas: [
            replica('pi-0', '127.0.0.1:40001', 'node-a', 3, 1130, 0.4321, 61_200_000),
            replica('pi-1', '127.0.0.1:40002', 'node-b', 1, 377, 0.1502, 60_900_000),
          ],
        },
      ],
      processes: [
        { name: 'loadbalancer', cpu: 0.051, memory: 84_300_000 },
        { name: 'client-0', cpu: 0.1934, memory: 98_100_000 },
        { name: 'standalone', cpu: 0.0712, memory: 131_000_000 },
      ],
      nodes: [{ node: 'node-a', cpu: 1.021, cores: 2, memory: 2_310_000_000, received: 10_200, sent: 8400 }],
      intended: 2013,
      released: 2013,
      releaseError: { count: 2013, mean: 0.0001, p50: 0.00004, p90: 0.0002, p99: 0.0011, max: 0.0031 },
      queueing: { count: 2013, mean: 0.0002, p50: 0.00017, p90: 0.0003, p99: 0.0013, max: 0.0042 },
      clocks: [{ service: 'telemd', node: 'node-a', offset: -0.0123, uncertainty: 0.0004, segments: 2 }],
      notes: ['Every node name means this machine.'],
      store: '/home/ada/.local/share/galileo/galileo.db',
    }),
    ...changes,
  };
}

function replica(name: string, address: string, node: string, weight: number, requests: number, cpu: number, memory: number) {
  return { name, address, node, weight, requests, cpu, memory, died: '', measured: true };
}
