import { join } from 'node:path';
import { openStore, type RecordBatch } from '@galileo/expdb';
import { type Experiment, ExperimentStatus } from '@galileo/proto/orchestrator';
import { temporaryDirectory } from '@galileo/testkit';
import { expect, test } from 'vitest';
import { noDeposit } from './deposit.ts';
import { reportOf } from './report.ts';
import { formatSummary, type Summary } from './summary.ts';

const id = '202601020304-ab12';
const experiment: Experiment = {
  ...{ id, name: 'pi', creator: 'test', status: ExperimentStatus.FINISHED },
  ...{ created: 990, start: 1000, end: 1021, reason: '' },
};

const summary: Summary = {
  conductor: 'main',
  services: [{ name: 'pi', replicas: [{ name: 'pi-0', address: '127.0.0.1:9000', node: 'node-b', weight: 1, died: '' }] }],
  processes: ['orchestrator'],
  start: 1000,
  warmupEnd: 1005,
  end: 1020,
  intended: 40,
  released: 40,
  thresholds: [],
  notes: [],
  ledger: { entries: [], final: true, mismatches: [], missingProducers: [] },
  deposit: noDeposit,
};

/** Records of a load client and an agent on node-b, whose clock shows `shift` more than that of the recorder and the orchestrator. */
function batch(shift: number, estimated: boolean): RecordBatch {
  const times = (begin: number, end: number) =>
    Array.from({ length: (end - begin) * 2 }, (_, index) => begin + index / 2 + shift);
  const series = (producer: string, offset: number) =>
    [995, 1005, 1015, 1025].map(at => ({ expId: id, producer, at: at - offset, offset, uncertainty: 0.001, segment: 0 }));
  return {
    traces: times(1000, 1020).map((created, index) => ({
      ...{ expId: id, requestId: `0123456789abcdef:${index + 1}`, client: 'node-b:pi:0', service: 'pi', created },
      ...{ sent: created, done: created + 0.01, status: 200, server: '127.0.0.1:8080', headers: null, response: null },
      details: { released: created, connected: null, firstByte: null, error: null, bytes: 1, replica: '127.0.0.1:9000' },
    })),
    telemetry: times(995, 1025).flatMap(timestamp => [
      { expId: id, node: 'node-b', metric: 'cpu', subsystem: null, timestamp, value: timestamp - shift < 1005 ? 90 : 25 },
      { expId: id, node: 'node-b', metric: 'proc_cpu', subsystem: 'pi-0', timestamp, value: 0.5e9 * (timestamp - shift) },
      { expId: id, node: 'node-b', metric: 'proc_rss', subsystem: 'pi-0', timestamp, value: 1e6 },
    ]),
    events: [],
    deadLetters: [],
    clockOffsets: [
      ...series('orchestrator/main/1', 0),
      ...(estimated ? [...series('client/node-b/1', -shift), ...series('telemd/node-b/1', -shift)] : []),
    ],
    recordings: [],
  };
}

async function reportWith(rows: RecordBatch, changes: Partial<Summary> = {}) {
  await using directory = await temporaryDirectory();
  await using store = await openStore({ path: join(directory.path, 'galileo.db') });
  const row = { ...experiment, status: 'FINISHED', reason: null, file: null, fileName: null };
  const stored = { ...row, summary: formatSummary({ ...summary, ...changes }) };
  await store.experiments.insert(stored, {});
  await store.nodeInfo.write(id, 'node-b', { cpus: '2' });
  await store.write(rows);
  return await reportOf(stored, experiment, { store, recorder: '127.0.0.1:1', credentials: {} });
}

const clockReasons = ({ verdict }: Awaited<ReturnType<typeof reportWith>>) =>
  verdict!.reasons.filter(reason => reason.includes('clock'));

test.for([0, -100, 100])('a node whose clock is off by %d s has the figures of the measured span', async shift => {
  const report = await reportWith(batch(shift, true));
  expect(report.services[0]).toMatchObject({ requests: 30, errors: 0 });
  expect(report.services[0]!.replicas[0]).toMatchObject({ requests: 30, memory: 1e6, measured: true });
  expect(report.services[0]!.replicas[0]!.cpu).toBeCloseTo(0.5, 9);
  expect(report.nodes).toMatchObject([{ node: 'node-b', cpu: 0.5, cores: 2 }]);
  expect(clockReasons(report)).toEqual([]);
});

test('without estimates the figures are there only if a standalone ran everything on one host', async () => {
  const alone = await reportWith(batch(0, false), { processes: ['loadbalancer', 'client-0', 'standalone'] });
  expect(alone.services[0]).toMatchObject({ requests: 30 });
  expect(clockReasons(alone)).toEqual([]);
  const spread = await reportWith(batch(0, false));
  expect(spread.services[0]).toMatchObject({ requests: 0 });
  expect(clockReasons(spread).join('\n')).toMatch(/load client node-b .*\n.* node node-b /);
  expect(spread.notes.join('\n')).toContain('40 requests of load client node-b are left out');
});
