import { ExperimentStatus } from '@galileo/proto/orchestrator';
import { RecordKind } from '@galileo/proto/recorder';
import { describe, expect, it } from 'vitest';
import { defaultLimits, type Evidence, judge } from './verdict.ts';

const summary = (p99: number) => ({ count: 1000, mean: p99 / 2, p50: p99 / 2, p90: p99, p99, max: p99 });

const good: Evidence = {
  experiment: {
    id: '202601020304-ab12',
    name: 'pi',
    creator: 'test',
    status: ExperimentStatus.FINISHED,
    created: 900,
    start: 1000,
    end: 1020,
    reason: '',
  },
  ledger: {
    entries: [
      { kind: RecordKind.TRACE, produced: 1000, stored: 1000, rejected: 0, lost: 0, unverified: 0, unsettled: 0 },
      { kind: RecordKind.TELEMETRY, produced: 5000, stored: 4998, rejected: 2, lost: 0, unverified: 0, unsettled: 0 },
      { kind: RecordKind.EVENT, produced: 3, stored: 3, rejected: 0, lost: 0, unverified: 0, unsettled: 0 },
    ],
    final: true,
    mismatches: [],
    missingProducers: [],
  },
  intended: 1000,
  released: 1000,
  traces: 1000,
  measured: 900,
  load: 20,
  span: 18,
  releaseError: summary(0.002),
  queueing: summary(0.002),
  latency: summary(0.05),
  silentNodes: [],
  clocks: {
    span: { from: 1002, to: 1020, uncertainty: 0, step: 0 },
    shared: true,
    requests: new Map(),
    telemetry: new Map(),
    clocks: [],
  },
};
const ledger = good.ledger!;
const [traces, telemetry, events] = ledger.entries as [
  (typeof ledger.entries)[0],
  (typeof ledger.entries)[0],
  (typeof ledger.entries)[0],
];

describe('a verdict', () => {
  const invalid: [why: string, change: Partial<Evidence>, reasons: string[]][] = [
    [
      'the experiment failed',
      { experiment: { ...good.experiment, status: ExperimentStatus.FAILED, reason: 'pi-1 was never ready' } },
      ['The experiment failed: pi-1 was never ready'],
    ],
    [
      'there are no requests',
      {
        traces: 0,
        measured: 0,
        intended: 0,
        released: 0,
        ledger: { ...ledger, entries: [{ ...traces, produced: 0, stored: 0 }, telemetry, events] },
      },
      ['There are no requests at all.'],
    ],
    ['all requests belong to the warm-up', { measured: 0 }, ['Of 1,000 requests none was due in the measured span.']],
    [
      'the load ended within the warm-up',
      { measured: 0, load: 1, span: -1, silentNodes: ['a'] },
      [
        'Of 1,000 requests none was due in the measured span.',
        'The load ended before the warm-up was over, so the measured span is empty.',
      ],
    ],
    [
      'no load was generated',
      { traces: 0, measured: 0, intended: 0, released: 0, load: 0, span: 0, ledger: undefined, silentNodes: ['a'] },
      [
        'There are no requests at all.',
        'No load was generated.',
        'There is no ledger, so nothing shows that the records are complete.',
      ],
    ],
    ['a node is silent', { silentNodes: ['node-b'] }, ['Node node-b gave no telemetry in the 18 s of the measured span.']],
    [
      'the generator released too few requests',
      { intended: 1_000_000, released: 998_999 },
      ['The generator was saturated: it released 998,999 of 1,000,000 intended requests, 99.899 % (limit 99.9 %).'],
    ],
    [
      'the generator was late beside a short latency',
      { releaseError: summary(0.0101), latency: summary(0.05) },
      [
        'The generator was late: the 99th percentile of its release error is 10.1 ms ' +
          "(limit 10 ms, the larger of 10 ms and 10 % of the latency's 99th percentile).",
      ],
    ],
    [
      'the generator was late beside a long latency',
      { releaseError: summary(0.06), latency: summary(0.5) },
      [
        'The generator was late: the 99th percentile of its release error is 60 ms ' +
          "(limit 50 ms, the larger of 10 ms and 10 % of the latency's 99th percentile).",
      ],
    ],
    [
      'requests waited inside the load client',
      { queueing: summary(0.06), latency: summary(0.5) },
      [
        'Requests waited inside the load client: the 99th percentile of queueing is 60 ms ' +
          "(limit 50 ms, the larger of 20 ms and 10 % of the latency's 99th percentile); its machine or its connections were the bottleneck.",
      ],
    ],
    ['there is no ledger', { ledger: undefined }, ['There is no ledger, so nothing shows that the records are complete.']],
    [
      'the ledger is empty',
      { ledger: { ...ledger, entries: [] } },
      ['There is no ledger, so nothing shows that the records are complete.'],
    ],
    [
      'records are missing',
      { ledger: { ...ledger, entries: [traces, { ...telemetry, stored: 4990 }, events] } },
      [
        'The ledger does not balance: of 5,000 telemetry samples produced, 4,990 are stored, 2 rejected and 0 lost, ' +
          'which leaves 8 without an explanation (limit 0).',
      ],
    ],
    [
      'the ledger names mismatches',
      { ledger: { ...ledger, mismatches: ['client/a/1: counter 7 is missing', 'telemd/a/2: bucket 1005'] } },
      ['The ledger names a mismatch: client/a/1: counter 7 is missing', 'The ledger names a mismatch: telemd/a/2: bucket 1005'],
    ],
    [
      'records were lost',
      { ledger: { ...ledger, entries: [traces, telemetry, { ...events, stored: 2, lost: 1 }] } },
      ['Of 3 events produced, 1 were lost (limit 0).'],
    ],
    ['the store has changed since', { traces: 999 }, ['The ledger counted 1,000 stored traces, the store now holds 999.']],
    [
      'producers are missing',
      { ledger: { ...ledger, final: false, missingProducers: ['client/a/1', 'telemd/b/2'] } },
      ['2 producers gave no final figures: client/a/1, telemd/b/2; what they produced is not known in full.'],
    ],
    [
      'the ledger is provisional',
      { ledger: { ...ledger, final: false } },
      ['The ledger is provisional: the recording was not settled.'],
    ],
  ];
  it.each(invalid)('is INVALID if %s', (_, change, reasons) => {
    expect(judge({ ...good, ...change })).toEqual({ valid: false, reasons });
  });

  const valid: [why: string, change: Partial<Evidence>][] = [
    ['nothing speaks against it', {}],
    ['the experiment was cancelled', { experiment: { ...good.experiment, status: ExperimentStatus.CANCELLED } }],
    ['exactly 99.9 % were released', { released: 999 }],
    ['the release error is at its limit', { releaseError: summary(0.01), latency: summary(0) }],
    ['queueing is at its limit', { queueing: summary(0.02), latency: summary(0) }],
    ['queueing is a tenth of the latency', { queueing: summary(0.05), latency: summary(0.5) }],
    ['the release error is a tenth of the latency', { releaseError: summary(0.05), latency: summary(0.5) }],
  ];
  it.each(valid)('is VALID if %s', (_, change) => {
    expect(judge({ ...good, ...change })).toEqual({ valid: true, reasons: [] });
  });

  it('gives all reasons at once', () => {
    const { reasons } = judge({ ...good, released: 1, silentNodes: ['a', 'b'], ledger: undefined });
    expect(reasons).toHaveLength(4);
  });

  it('goes by other limits if told', () => {
    const lossy = { ...ledger, entries: [traces, telemetry, { ...events, stored: 2, lost: 1 }] };
    const evidence = { ...good, released: 900, releaseError: summary(0.02), ledger: lossy };
    expect(judge(evidence).reasons).toHaveLength(3);
    expect(judge(evidence, { ...defaultLimits, releasedShare: 0.9, releaseError: 0.02, lost: 1 }).valid).toBe(true);
  });
});
