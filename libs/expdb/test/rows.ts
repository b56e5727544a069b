import type { EventRow, Experiment, RecordBatch, TelemetryRow, TraceRow } from '../src/index.ts';

// Rows with values of their own in every field; a test names those that it is about.

export const expId = '202601020304-ab12';

export const experiment = (change: Partial<Experiment> = {}): Experiment => ({
  id: expId,
  name: 'pi-profile',
  creator: 'me',
  start: null,
  end: null,
  created: 1700000000.25,
  status: 'QUEUED',
  reason: null,
  file: 'name: pi-profile\n',
  fileName: 'pi.yaml',
  summary: null,
  ...change,
});

export const telemetry = (change: Partial<TelemetryRow> = {}): TelemetryRow => ({
  expId,
  node: 'n1',
  metric: 'cpu',
  subsystem: null,
  timestamp: 1700000000.1234567,
  value: 12.5,
  ...change,
});

export const trace = (change: Partial<TraceRow> = {}): TraceRow => ({
  requestId: '0123456789abcdef:1',
  client: 'w1:pi:0',
  service: 'pi',
  created: 1700000000.1,
  sent: 1700000000.1234567,
  done: 1700000000.25,
  status: 200,
  server: '127.0.0.1:8080',
  expId,
  headers: '{"Server": "pi"}',
  response: 'line 1\nline 2, 🙂',
  details: {
    released: 1700000000.11,
    connected: 1700000000.05,
    firstByte: 1700000000.2,
    error: null,
    bytes: 17,
    replica: '127.0.0.1:4001',
  },
  ...change,
});

export const noDetails: TraceRow['details'] = {
  released: null,
  connected: null,
  firstByte: null,
  error: null,
  bytes: null,
  replica: null,
};

export const event = (change: Partial<EventRow> = {}): EventRow => ({
  expId,
  timestamp: 1700000000.1234567,
  name: 'pod/running',
  value: '{"podUid": "u"}',
  ...change,
});

export const batch = (change: Partial<RecordBatch>): RecordBatch => ({
  telemetry: [],
  traces: [],
  events: [],
  deadLetters: [],
  clockOffsets: [],
  recordings: [],
  ...change,
});

export async function collect<Row>(chunks: AsyncIterable<readonly Row[]>): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const chunk of chunks) rows.push(...chunk);
  return rows;
}
