import { ExperimentStatus } from '@galileo/proto/orchestrator';
import { describe, expect, test } from 'vitest';
import { sampleReport } from '../../test/sample-report.ts';
import { failureJson, reportJson } from './report-json.ts';

const written = (value: unknown) => JSON.parse(JSON.stringify(value));

test('has exactly the promised shape, in seconds, bytes and cores', () => {
  expect(written(reportJson(sampleReport()))).toMatchObject({
    experiment: { id: '202603011405-1a2b', name: 'pi-profile', status: 'FINISHED', start: 1772370309.5, end: 1772370330.6 },
    verdict: { valid: true, reasons: [] },
    ledger: {
      traces: { produced: 2013, stored: 2013, rejected: 0, lost: 0, unverified: 0, unsettled: 0 },
      telemetry: { produced: 1530, stored: 1530, rejected: 0, lost: 0, unverified: 0, unsettled: 0 },
      events: { produced: 12, stored: 12, rejected: 0, lost: 0, unverified: 0, unsettled: 0 },
    },
    thresholds: [
      { expression: 'latency.p99 < 200ms', value: 0.0417, passed: true },
      { expression: 'errors < 1%', value: 0, passed: true },
      { expression: 'cpu(pi) < 80%', value: 0.4321, passed: true },
    ],
    services: {
      pi: {
        requests: 1507,
        errors: 0,
        latency: { p50: 0.01234, p90: 0.0231, p99: 0.0417, max: 0.0612, mean: 0.01432 },
        service_time: { p50: 0.01101, p90: 0.0214, p99: 0.0391, max: 0.0588, mean: 0.01301 },
        replicas: [
          { address: '127.0.0.1:40001', node: 'node-a', weight: 3, requests: 1130, cpu: 0.4321, memory: 61_200_000 },
          { address: '127.0.0.1:40002', node: 'node-b', weight: 1, requests: 377, cpu: 0.1502, memory: 60_900_000 },
        ],
      },
    },
  });
});

test('has the clocks in seconds', () => {
  expect(written(reportJson(sampleReport())).clocks).toEqual([
    { service: 'telemd', node: 'node-a', offset: -0.0123, uncertainty: 0.0004, segments: 2 },
  ]);
});

test('the parts that programs iterate over have no other keys', () => {
  const json = reportJson(sampleReport());
  expect(Object.keys(json.experiment!)).toEqual(['id', 'name', 'status', 'start', 'end']);
  expect(Object.keys(json.verdict)).toEqual(['valid', 'reasons']);
  expect(Object.keys(json.ledger)).toEqual(['traces', 'telemetry', 'events']);
  expect(Object.keys(json.thresholds[0]!)).toEqual(['expression', 'value', 'passed']);
});

describe('null stands for what was not measured', () => {
  test('latency without requests, replicas without samples, thresholds without figures', () => {
    const [service] = sampleReport().services;
    const empty = { count: 0, mean: Number.NaN, p50: 0, p90: 0, p99: 0, max: 0 };
    const replicas = service!.replicas.map(replica => ({ ...replica, measured: false, cpu: Number.NaN }));
    const report = sampleReport({
      services: [{ ...service!, latency: empty, serviceTime: undefined, replicas }],
      thresholds: [{ expression: 'latency.p99 < 1s', value: Number.NaN, passed: false, measured: false }],
    });
    const json = reportJson(report);
    const nothing = { p50: null, p90: null, p99: null, max: null, mean: null };
    expect(json.services['pi']).toMatchObject({ latency: nothing, service_time: nothing });
    expect(json.services['pi']!.replicas[0]).toMatchObject({ cpu: null, memory: null });
    expect(json.thresholds).toEqual([{ expression: 'latency.p99 < 1s', value: null, passed: false }]);
    expect(JSON.stringify(json)).not.toContain('NaN');
  });

  test('an experiment that never began, and one without a report', () => {
    const experiment = { ...sampleReport().experiment!, status: ExperimentStatus.FAILED, start: 0, end: 0 };
    const json = failureJson(experiment, 'pi-0 was not ready');
    expect(json.experiment).toEqual({ id: '202603011405-1a2b', name: 'pi-profile', status: 'FAILED', start: null, end: null });
    expect(json.verdict).toEqual({ valid: false, reasons: ['pi-0 was not ready'] });
    expect(json.ledger.traces).toEqual({
      produced: null,
      stored: null,
      rejected: null,
      lost: null,
      unverified: null,
      unsettled: null,
    });
    expect(json.thresholds).toEqual([]);
    expect(json.services).toEqual({});
  });
});
