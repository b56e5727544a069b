import { ExperimentStatus, Report } from '@galileo/proto/orchestrator';
import { describe, expect, it } from 'vitest';
import { buildReport } from './report.ts';
import { chunks, experiment, input, telemetry, trace, traces } from './report-fixture.ts';

/** No number in a report may be NaN or infinite. */
function expectFinite(value: unknown): void {
  if (typeof value === 'number') expect(Number.isFinite(value)).toBe(true);
  else if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) expectFinite(part);
}

describe('a report', () => {
  it('gives the known answers of a known run', async () => {
    const report = await buildReport(input());
    expect(report.verdict).toEqual({ valid: true, reasons: [] });
    expect(report.notes).toEqual([]);
    const [pi] = report.services;
    expect(pi).toMatchObject({ name: 'pi', requests: 150, errors: 0, errorKinds: {} });
    expect(pi!.latency).toMatchObject({ count: 150 });
    // Latencies are 1 … 150 ms; the k-th smallest of them is k ms.
    for (const [key, wanted] of [
      ['p50', 0.075],
      ['p90', 0.135],
      ['p99', 0.149],
      ['max', 0.15],
      ['mean', 0.0755],
    ] as const) {
      expect(Math.abs(pi!.latency![key] - wanted)).toBeLessThan(wanted * 1e-3 + 1e-6);
      // The service time counts from 2 ms later.
      const served = Math.max(0, wanted - 0.002);
      if (key !== 'mean') expect(Math.abs(pi!.serviceTime![key] - served)).toBeLessThan(served * 1e-3 + 1e-6);
    }
    expect(report.releaseError!.count).toBe(200);
    expect(report.releaseError!.p99).toBeCloseTo(0.001, 6);
    expect(report.queueing!.p50).toBeCloseTo(0.001, 6);
    expect([report.intended, report.released, report.store]).toEqual([200, 200, '/data/galileo.sqlite']);
    expectFinite(report);
  });

  it('measures replicas, processes and nodes within the span only', async () => {
    const report = await buildReport(input());
    const [first, second] = report.services[0]!.replicas;
    // Of the 150 requests from number 50 on, every fourth (51, 55, … 199) went to pi-1.
    expect(first).toMatchObject({
      name: 'pi-0',
      address: '127.0.0.1:9000',
      node: 'node-a',
      weight: 3,
      requests: 112,
      measured: true,
    });
    expect(second).toMatchObject({
      name: 'pi-1',
      node: 'node-b',
      weight: 1,
      requests: 38,
      measured: true,
      memory: 30e6,
      died: '',
    });
    expect(first!.cpu).toBeCloseTo(0.75, 6);
    expect(second!.cpu).toBeCloseTo(0.25, 6);
    expect(first!.memory).toBeCloseTo(40e6 + 20_000, 0);
    expect(report.processes).toEqual([{ name: 'client-0', cpu: expect.closeTo(0.1, 6), memory: 60e6 }]);
    expect(report.nodes).toEqual([{ node: 'host', cores: 4, cpu: 1, memory: 1_024_000, received: 5000, sent: 1000 }]);
  });

  it('evaluates thresholds in the order of the file', async () => {
    const { thresholds } = await buildReport(input());
    expect(thresholds.map(({ expression, passed, measured }) => [expression, passed, measured])).toEqual([
      ['latency.p99 < 200ms', true, true],
      ['errors < 1%', true, true],
      ['cpu(pi) < 80%', false, true],
      ['rate > 9', true, true],
    ]);
    expect(thresholds[2]!.value).toBeCloseTo(1, 6);
    // 150 answers of the span, and the 19 or 20 of the warm-up that took 2 s, within 15 s; the last 2 came after its end.
    expect(thresholds[3]!.value).toBeGreaterThan(11);
    expect(thresholds[3]!.value).toBeLessThan(11.4);
  });

  it('does not depend on the size of the chunks', async () => {
    const whole = await buildReport(input({ traces: chunks(traces, 1e6), telemetry: chunks(telemetry, 1e6) }));
    expect(await buildReport(input({ traces: chunks(traces, 1), telemetry: chunks(telemetry, 1) }))).toEqual(whole);
  });

  it('survives the wire', async () => {
    const report = await buildReport(input());
    expect(Report.decode(Report.encode(report).finish())).toEqual(report);
  });

  it('counts errors by kind, keeps them out of the latency, and says what reached no replica', async () => {
    const rows = [
      ...traces,
      trace(201, 1010, 5, { status: 500 }),
      trace(202, 1010, 5, { status: 500, replica: '127.0.0.1:9001' }),
      trace(203, 1010, 5, { status: -1, error: 'refused', replica: null, server: null }),
      trace(204, 1010, 5, { status: -1, error: 'refused', replica: null, server: null, sent: -1 }),
      trace(205, 1010, 5, { status: 502, replica: '127.0.0.1:9001', error: null }),
      trace(206, 1010, 5, { status: -1, error: null, replica: null }),
      trace(207, 1001, 5, { status: 500 }),
    ];
    const report = await buildReport(input({ rows }));
    const [pi] = report.services;
    expect(pi).toMatchObject({ requests: 156, errors: 6 });
    expect(pi!.errorKinds).toEqual({ http_500: 2, refused: 2, http_502: 1, unknown: 1 });
    expect(pi!.latency!.max).toBeLessThan(0.2);
    expect([pi!.latency!.count, pi!.serviceTime!.count]).toEqual([150, 150]);
    expect(pi!.replicas.map(replica => replica.requests)).toEqual([113, 40]);
    expect(report.verdict!.valid).toBe(true);
    expect(report.notes).toEqual([
      '3 requests to pi reached no replica (counted as errors).',
      '1 request could not be sent (counted as errors).',
    ]);
    expect(report.thresholds[1]).toMatchObject({ passed: false, value: 6 / 156 });
  });

  it('judges no release error of requests without an intended time, nor of those that a limit holds up', async () => {
    const late = (client: string) =>
      traces.map(row => ({ ...row, client, released: row.created + 1, sent: row.created + 1.001 }));
    const plain = await buildReport(input({ rows: late('w:pi:0') }));
    expect(plain.verdict!.reasons).toEqual([expect.stringContaining('The generator was late')]);

    const limited = await buildReport(input({ rows: late('w:pi:0'), limited: new Set(['w:pi:0']) }));
    expect(limited.verdict!.reasons).toEqual([]);
    expect(limited.releaseError!.p99).toBeCloseTo(1, 2);
    expect(limited.notes).toEqual([
      'Requests of workloads with max_in_flight wait for others to end, so their release error is not judged.',
    ]);

    const loop = traces.map(row => ({ ...row, client: 'w:pi:1', released: row.created }));
    const closed = await buildReport(input({ rows: loop, closedLoop: new Set(['w:pi:1']) }));
    expect(closed).toMatchObject({ verdict: { valid: true }, notes: [] });
    expect(closed.releaseError!.count).toBe(0);
    expect(closed.queueing!.count).toBe(200);
    expect(closed.services[0]).toMatchObject({ requests: 150, closedLoop: 150 });

    const mixed = await buildReport(input({ rows: [...loop, ...traces], closedLoop: new Set(['w:pi:1']) }));
    expect(mixed.releaseError!.count).toBe(200);
    expect(mixed.services[0]).toMatchObject({ requests: 300, closedLoop: 150 });
  });

  it('blames the load client for queueing, but not for the time that new connections take', async () => {
    const waited = traces.map(row => ({ ...row, sent: row.created + 0.101, done: row.done + 0.101 }));
    const own = await buildReport(input({ rows: waited }));
    expect(own.verdict!.reasons).toEqual([expect.stringContaining('Requests waited inside the load client')]);
    const connecting = await buildReport(input({ rows: waited.map(row => ({ ...row, connected: row.sent })) }));
    expect(connecting.verdict!.valid).toBe(true);
    expect(connecting.notes).toEqual([expect.stringContaining('Requests waited for new connections')]);
  });

  it('tells of answers that it cannot attribute', async () => {
    const rows = [
      trace(1, 1010, 0.1, { replica: null }),
      trace(2, 1010, 0.1, { replica: null, server: '127.0.0.1:9001' }),
      trace(3, 1010, 0.1, { replica: '10.0.0.1:80' }),
      trace(4, 1010, 0.1, { service: 'other' }),
    ];
    const report = await buildReport(input({ rows }));
    expect(report.services[0]!.replicas.map(replica => replica.requests)).toEqual([0, 1]);
    expect(report.services[0]!.requests).toBe(3);
    expect(report.notes).toEqual([
      '1 answer of pi did not tell the replica (no X-Final-Host).',
      '1 answer of pi came from addresses that are none of its replicas.',
      '1 request went to services that the file does not name (left out).',
    ]);
  });

  it('notes a dead replica without calling the run invalid', async () => {
    const base = input();
    const replicas = base.services[0]!.replicas.map((replica, index) =>
      index === 1 ? { ...replica, died: 'killed by SIGKILL after 12.1 s' } : replica,
    );
    const samples = telemetry.filter(row => row.subsystem !== 'pi-1' || row.timestamp < 1004);
    const report = await buildReport(input({ samples, services: [{ name: 'pi', replicas }], notes: ['something earlier'] }));
    expect(report.services[0]!.replicas[1]).toMatchObject({
      died: 'killed by SIGKILL after 12.1 s',
      measured: false,
      cpu: 0,
      memory: 0,
    });
    expect(report.verdict!.valid).toBe(true);
    expect(report.notes).toEqual(['something earlier', 'Replica pi-1 died: killed by SIGKILL after 12.1 s']);
    // What is left of the service is still measured.
    expect(report.thresholds[2]).toMatchObject({ measured: true, passed: true, value: expect.closeTo(0.75, 6) });
  });

  it('does not take a missing sample for 0', async () => {
    const samples = telemetry.filter(row => row.subsystem !== 'pi-1' && row.subsystem !== 'client-0');
    const report = await buildReport(input({ samples, nodeInfo: new Map([['host', {}]]) }));
    expect(report.services[0]!.replicas[1]!.measured).toBe(false);
    expect(report.processes).toEqual([]);
    expect(report.thresholds[2]).toMatchObject({ measured: false, passed: false });
    expect(report.notes).toEqual([
      'CPU and memory of replica pi-1 were not measured.',
      'CPU and memory of client-0 were not measured.',
      'Node host does not tell its number of cores, so its CPU is not given.',
    ]);
  });

  it('is INVALID without telemetry of a node that was observed', async () => {
    const report = await buildReport(input({ samples: [] }));
    expect(report.verdict!.reasons).toEqual(['Node host gave no telemetry in the 15 s of the measured span.']);
    expect(report.nodes).toEqual([{ node: 'host', cores: 4, cpu: 0, memory: 0, received: 0, sent: 0 }]);
  });

  it('notes that no node was observed', async () => {
    const report = await buildReport(input({ samples: [], nodeInfo: new Map() }));
    expect(report.verdict!.valid).toBe(true);
    expect(report.notes).toContain('No node was observed, so there are no figures of CPU, memory and network.');
  });

  it('notes what could not be stored or verified, latencies above an hour, and a cancellation', async () => {
    const base = input();
    const [traceEntry, telemetryEntry] = base.ledger!.entries;
    const report = await buildReport(
      input({
        experiment: { ...experiment, status: ExperimentStatus.CANCELLED, reason: 'by the user' },
        rows: [...traces, trace(201, 1010, 4000)],
        ledger: {
          ...base.ledger!,
          entries: [
            { ...traceEntry!, produced: 201, stored: 201 },
            { ...telemetryEntry!, produced: telemetryEntry!.stored + 1, rejected: 1, unverified: 40 },
          ],
        },
      }),
    );
    expect(report.verdict!.valid).toBe(true);
    expect(report.notes).toEqual([
      'The experiment was cancelled (by the user); its figures cover 15 s.',
      '1 latency above an hour counts as an hour.',
      '1 telemetry sample could not be stored; the table of dead letters tells why.',
      "40 telemetry samples came from producers that don't state what they produce: nobody can tell whether there were more.",
    ]);
  });

  it('copes with a run in which everything failed', async () => {
    const rows = traces.map(row => ({ ...row, status: -1, error: 'refused', replica: null, server: null, sent: -1 }));
    const report = await buildReport(input({ rows }));
    const zeros = { count: 0, mean: 0, p50: 0, p90: 0, p99: 0, max: 0 };
    expect(report.services[0]).toMatchObject({ requests: 150, errors: 150, latency: zeros, serviceTime: zeros });
    expect(report.queueing).toEqual(zeros);
    expect(report.verdict).toEqual({ valid: true, reasons: [] });
    expect(report.thresholds.map(result => [result.passed, result.measured])).toEqual([
      [false, false],
      [false, true],
      [false, true],
      [false, true],
    ]);
    expectFinite(report);
  });

  it('copes with a run without traces', async () => {
    const report = await buildReport(input({ rows: [] }));
    expect(report.services[0]).toMatchObject({ requests: 0, errors: 0 });
    expect(report.verdict!.reasons).toEqual(['There are no requests at all.']);
    expectFinite(report);
  });

  it('copes with a run that never left the warm-up', async () => {
    const rows = traces.filter(row => row.created < 1003);
    const samples = telemetry.filter(row => row.timestamp < 1003);
    const report = await buildReport(input({ rows, samples, end: 1003 }));
    expect(report.services[0]).toMatchObject({ requests: 0, errors: 0 });
    expect(report.releaseError!.count).toBe(30);
    expect(report.verdict!.reasons).toEqual([
      'Of 30 requests none was due in the measured span.',
      'The load ended before the warm-up was over, so the measured span is empty.',
    ]);
    expect(report.thresholds.every(result => !result.passed && !result.measured)).toBe(true);
    expect(report.notes).toEqual([]);
    expectFinite(report);
  });

  it('copes with an experiment that never began', async () => {
    const report = await buildReport(
      input({
        experiment: { ...experiment, status: ExperimentStatus.FAILED, start: 0, reason: 'pi-0 was not ready within 30 s' },
        rows: [],
        samples: [],
        start: 0,
        warmupEnd: 0,
        end: 0,
        ledger: undefined,
        nodeInfo: new Map(),
        services: [{ name: 'pi', replicas: [] }],
      }),
    );
    expect(report.verdict!.valid).toBe(false);
    expect(report.verdict!.reasons[0]).toBe('The experiment failed: pi-0 was not ready within 30 s');
    expectFinite(report);
  });

  it('keeps services apart', async () => {
    const rows = traces.map((row, index) => (index % 2 === 0 ? row : { ...row, service: 'web', replica: '127.0.0.1:9100' }));
    const base = input();
    const web = { name: 'web-0', address: '127.0.0.1:9100', node: 'node-a', weight: 1, died: '' };
    const report = await buildReport(
      input({
        rows,
        services: [{ name: 'web', replicas: [web] }, ...base.services],
        thresholds: ['requests(web) == 75', 'requests(pi) == 75', 'requests == 150', 'latency(web).min >= 1.9ms'],
      }),
    );
    expect(report.services.map(service => [service.name, service.requests])).toEqual([
      ['web', 75],
      ['pi', 75],
    ]);
    expect(report.thresholds.map(result => result.passed)).toEqual([true, true, true, true]);
  });

  it('refuses a threshold that it cannot read', async () => {
    await expect(buildReport(input({ thresholds: ['speed > 1'] }))).rejects.toThrow('found "speed" at character 1');
  });
});
