import type { ClockOffset, TelemetryRow, TraceSummary } from '@galileo/expdb';
import { ExperimentStatus, type Report } from '@galileo/proto/orchestrator';
import { describe, expect, test } from 'vitest';
import { buildReport, type ReportInput } from './report.ts';
import { experiment, input, telemetry, traces } from './report-fixture.ts';

// The known run on two nodes: load client w and pi-0 on node-a, load client v and pi-1 on node-b, whose clock is shifted.

const secondNode = (row: TelemetryRow) => row.subsystem === 'pi-1';
const secondClient = (_: TraceSummary, index: number) => index % 2 === 1;

/** The traces, those of load client v by a clock that shows `shift` more. */
const tracesWith = (shift: number) =>
  traces.map((row, index) => {
    if (!secondClient(row, index)) return row;
    const { created, sent, done, released } = row;
    return {
      ...{ ...row, client: 'v:pi:0', created: created + shift, sent: sent + shift, done: done + shift },
      released: released! + shift,
    };
  });

/** The telemetry in the store's order, that of node-b by a clock that shows `shift` more. */
const telemetryWith = (shift: number) =>
  telemetry
    .flatMap(row => {
      const onSecond = { ...row, node: 'node-b', timestamp: row.timestamp + shift };
      if (secondNode(row)) return [onSecond];
      const onFirst = { ...row, node: 'node-a' };
      return row.metric.startsWith('proc') ? [onFirst] : [onFirst, onSecond];
    })
    .sort((one, other) => one.timestamp - other.timestamp);

/** A series of estimates every 5 s, within 1 ms unless told, of a clock that shows `shift` more than the reference. */
function series(producer: string, shift: number, change: Partial<ClockOffset> = {}): ClockOffset[] {
  return [994, 999, 1004, 1009, 1014, 1019, 1024].map(at => ({
    ...{ expId: experiment.id, producer: `${producer}/1`, at: at + shift, offset: -shift, uncertainty: 0.001, segment: 0 },
    ...change,
  }));
}

const firstNode = [...series('client/w', 0), ...series('telemd/node-a', 0)];
const orchestrator = series('orchestrator/main', 0);

type Change = Parameters<typeof input>[0];

/** Both nodes' records, with node-b's clock ahead by `shift`, and what is known of the clocks. */
const shifted = (shift: number, clockOffsets: readonly ClockOffset[], change: Change = {}): ReportInput =>
  input({
    rows: tracesWith(shift),
    samples: telemetryWith(shift),
    nodeInfo: new Map(['node-a', 'node-b'].map(node => [node, { cpus: '4' }])),
    oneHost: false,
    clockOffsets,
    ...change,
  });

const known = (shift: number, change: Partial<ClockOffset> = {}) => [
  ...orchestrator,
  ...firstNode,
  ...series('client/v', shift, change),
  ...series('telemd/node-b', shift, change),
];

/** What a shift must not change. */
const figures = ({ services, processes, nodes, thresholds, intended, released }: Report) => ({
  ...{ services, processes, nodes, thresholds, intended, released },
});

/** Every number within a millionth: sums of shifted times are rounded otherwise. */
function expectAlike(found: unknown, wanted: unknown): void {
  if (typeof wanted === 'number')
    expect(Math.abs((found as number) - wanted)).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(wanted)));
  else if (typeof wanted === 'object' && wanted !== null) {
    expect(Object.keys(found as object)).toEqual(Object.keys(wanted));
    for (const [key, value] of Object.entries(wanted)) expectAlike((found as Record<string, unknown>)[key], value);
  } else expect(found).toEqual(wanted);
}

const unshifted = () => buildReport(shifted(0, [], { oneHost: true }));

describe('a node whose clock is shifted', () => {
  test.for([-100, 100, 0.2, 3600])('by %d s has the usage and the requests that it would have without', async shift => {
    const report = await buildReport(shifted(shift, known(shift)));
    expectAlike(figures(report), figures(await unshifted()));
    expect(report.services[0]).toMatchObject({ requests: 150, errors: 0 });
    expect(report.services[0]!.replicas.map(({ requests, measured }) => [requests, measured])).toEqual([
      [112, true],
      [38, true],
    ]);
    expect(report.verdict).toEqual({ valid: true, reasons: [] });
  });

  test('would have others by its raw times', async () => {
    const report = await buildReport(shifted(-100, [], { oneHost: true }));
    expect(report.services[0]!.requests).toBe(75);
    expect(report.verdict!.reasons).toEqual(['Node node-b gave no telemetry in the 15 s of the measured span.']);
  });

  test('is noted, with the largest uncertainty of all', async () => {
    const uncertain = series('loadbalancer/gateway', 0, { uncertainty: 0.004 });
    const report = await buildReport(shifted(-100, [...known(-100), ...uncertain]));
    expect(report.notes).toEqual([
      "The clocks of the nodes are known within 4.02 ms of the recorder's; the least known is that of loadbalancer gateway.",
      "The clock of client v was 100 s behind the recorder's (1 segment); its times are corrected by that.",
      "The clock of telemd node-b was 100 s behind the recorder's (1 segment); its times are corrected by that.",
    ]);
    const [note] = (await buildReport(shifted(0.001, known(0.001)))).notes;
    expect(note).toMatch(/^The clocks of the nodes are known within 1\.\d+ ms/);
  });

  test('is told with its offset, uncertainty and segments', async () => {
    const { clocks } = await buildReport(shifted(-100, known(-100)));
    const uncertainty = expect.closeTo(0.001, 4);
    expect(clocks).toEqual([
      { service: 'orchestrator', node: 'main', offset: 0, uncertainty, segments: 1 },
      { service: 'client', node: 'w', offset: 0, uncertainty, segments: 1 },
      { service: 'telemd', node: 'node-a', offset: 0, uncertainty, segments: 1 },
      { service: 'client', node: 'v', offset: 100, uncertainty, segments: 1 },
      { service: 'telemd', node: 'node-b', offset: 100, uncertainty, segments: 1 },
    ]);
  });

  test('by its restart in the run, counts in both of its lives', async () => {
    const restart = 1012;
    const samples = telemetryWith(0).map(row =>
      row.node === 'node-b' && row.timestamp >= restart ? { ...row, timestamp: row.timestamp + 100 } : row,
    );
    const lives = [
      ...series('telemd/node-b', 0).filter(({ at }) => at < restart),
      ...series('telemd/node-b', 100, { producer: 'telemd/node-b/2' }).filter(({ at }) => at >= restart + 100),
    ];
    const clockOffsets = [...orchestrator, ...firstNode, ...series('client/v', 0), ...lives];
    const report = await buildReport(shifted(0, clockOffsets, { samples }));
    expectAlike(figures(report), figures(await unshifted()));
    expect(report.verdict!.valid).toBe(true);
  });

  test('by drift has the rates of the reference', async () => {
    // 5 % is far beyond what clocks do, so that it shows.
    const samples = telemetryWith(0).map(row => (row.node === 'node-b' ? { ...row, timestamp: row.timestamp * 1.05 } : row));
    const drifting = series('telemd/node-b', 0).map(row => ({ ...row, at: row.at * 1.05, offset: row.at * -0.05 }));
    const clockOffsets = [...orchestrator, ...firstNode, ...series('client/v', 0), ...drifting];
    const report = await buildReport(shifted(0, clockOffsets, { samples }));
    expect(report.services[0]!.replicas[1]!.cpu).toBeCloseTo(0.25, 9);
  });
});

test("the measured span is the orchestrator's, whose clock may be off as well", async () => {
  const span = { start: 2000, warmupEnd: 2005, end: 2020 };
  const others = known(0).filter(row => !row.producer.startsWith('orchestrator'));
  const report = await buildReport(shifted(0, [...others, ...series('orchestrator/main', 1000)], span));
  expectAlike(figures(report), figures(await unshifted()));
  expect(report.verdict!.valid).toBe(true);
  // Of two orchestrators it is the one that carried the experiment out.
  const two = [...others, ...series('orchestrator/main', 1000), ...series('orchestrator/other', 0)];
  expectAlike(figures(await buildReport(shifted(0, two, { ...span, conductor: 'main' }))), figures(report));
  expect((await buildReport(shifted(0, two, span))).verdict!.reasons).toEqual([
    'Of 200 requests none was due in the measured span.',
    "Nothing tells how the orchestrator's clock related to the recorder's, so the measured span has no place in time.",
  ]);
});

test("a request due at the begin of the span counts, though the estimates can't tell it from one before", async () => {
  const early = series('client/w', 0).map(row => ({ ...row, offset: -0.0005 }));
  const clockOffsets = known(0).filter(row => !row.producer.startsWith('client/w'));
  expect((await buildReport(shifted(0, [...clockOffsets, ...early]))).services[0]!.requests).toBe(150);
});

describe('without estimates of a node', () => {
  const partly = [...orchestrator, ...firstNode];

  test('its figures are left out, and the reader is told', async () => {
    const report = await buildReport(shifted(-100, partly));
    const samples = telemetryWith(0).filter(({ node }) => node === 'node-b').length;
    expect(report.services[0]).toMatchObject({ requests: 75, errors: 0 });
    expect(report.services[0]!.replicas.map(({ measured }) => measured)).toEqual([true, false]);
    expect(report.nodes[1]).toMatchObject({ node: 'node-b', cpu: 0, memory: 0 });
    expect(report.notes).toEqual([
      'CPU and memory of replica pi-1 were not measured.',
      "100 requests of load client v are left out: nothing tells how its clock related to the recorder's.",
      `${samples} telemetry samples of node node-b are left out: nothing tells how its clock related to the recorder's.`,
      expect.stringMatching(/^The clocks of the nodes are known within 1\.\d+ ms/),
    ]);
    expect(report.verdict!.reasons).toEqual([
      "Nothing tells how the clock of load client v related to the recorder's, so not all of its records have a place in time.",
      "Nothing tells how the clock of node node-b related to the recorder's, so not all of its records have a place in time.",
    ]);
  });

  test('that ran on one host with all others, raw times are as good', async () => {
    for (const clockOffsets of [[], partly]) {
      const report = await buildReport(shifted(0, clockOffsets, { oneHost: true }));
      expect(figures(report)).toEqual(figures(await unshifted()));
      expect([report.verdict!.valid, report.notes]).toEqual([true, []]);
    }
  });

  test('they are not, if an estimate says that the clock of that host was stepped', async () => {
    const clockOffsets = [...orchestrator, ...firstNode, ...series('client/v', -100)];
    const report = await buildReport(shifted(-100, clockOffsets, { oneHost: true }));
    expect(report.services[0]!.requests).toBe(150);
    expect(report.verdict!.reasons).toEqual([
      "Nothing tells how the clock of node node-b related to the recorder's, so not all of its records have a place in time.",
    ]);
  });

  test('of no node, a run of several hosts has no figures', async () => {
    const report = await buildReport(shifted(0, []));
    expect(report.services[0]!.requests).toBe(0);
    expect(report.verdict!.reasons.at(-1)).toMatch(/^Nothing tells how the orchestrator's clock related to the recorder's/);
  });
});

describe('the verdict is INVALID', () => {
  const limit = 'limit 150 ms, 1 % of the 15 s of the measured span';

  test('if a clock is too uncertain', async () => {
    const report = await buildReport(shifted(-100, known(-100, { uncertainty: 0.2 })));
    expect(report.verdict!.reasons).toEqual([
      expect.stringMatching(
        `^Between the clock of load client v and the measured span remains an uncertainty of 201 ms \\(${limit}\\)\\.$`,
      ),
      expect.stringMatching(
        `^Between the clock of node node-b and the measured span remains an uncertainty of 201 ms \\(${limit}\\)\\.$`,
      ),
    ]);
    expect((await buildReport(shifted(-100, known(-100, { uncertainty: 0.14 })))).verdict!.valid).toBe(true);
    const lenient = shifted(-100, known(-100, { uncertainty: 0.2 }), { limits: { clockShare: 0.02 } });
    expect((await buildReport(lenient)).verdict!.valid).toBe(true);
  });

  test('if the reference was stepped meanwhile', async () => {
    const stepped = known(0).map(row => (row.at > 1012 ? { ...row, offset: 7, segment: 1 } : row));
    const { reasons } = (await buildReport(shifted(0, stepped))).verdict!;
    expect(reasons[0]).toBe(
      `Within the measured span the orchestrator's clock and the recorder's moved against each other by 7 s (${limit}).`,
    );
  });

  test('if a load client with a slow clock generated its load after the span', async () => {
    // Its schedule began when its own clock showed the time, which was 3 s too late.
    const clockOffsets = [...orchestrator, ...firstNode, ...series('client/v', -3), ...series('telemd/node-b', 0)];
    const late = (change: Change = {}) => buildReport(shifted(0, clockOffsets, change));
    expect((await late()).verdict!.reasons).toEqual([
      `By the recorder's clock, requests of load client v were due after the measured span, by up to 2.9 s (${limit}).`,
    ]);
    const cancelled = await late({ experiment: { ...experiment, status: ExperimentStatus.CANCELLED } });
    expect(cancelled.verdict!.reasons).toEqual([]);
  });
});
