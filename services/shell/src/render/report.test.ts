import { ExperimentStatus, type Report, ServiceReport } from '@galileo/proto/orchestrator';
import { Ledger, RecordKind } from '@galileo/proto/recorder';
import { describe, expect, test } from 'vitest';
import { sampleReport } from '../../test/sample-report.ts';
import { createPaint } from './paint.ts';
import { renderReport } from './report.ts';

const render = (report: Report, width = 80, coloured = false) => renderReport(report, { paint: createPaint(coloured), width });

/** The section that begins with `title`, its lines without what stands between their words. */
function section(text: string, title: string): string[] {
  const lines = text.split('\n');
  const begin = lines.findIndex(line => line.startsWith(title));
  const length = lines.slice(begin).indexOf('');
  return lines.slice(begin, begin + length).map(line => line.trim().replace(/ {2,}/g, ' | '));
}

/** The sample with its service changed. */
function withService(changes: Parameters<typeof ServiceReport.fromPartial>[0]): Report {
  const [service] = sampleReport().services;
  return sampleReport({ services: [{ ...service!, ...ServiceReport.fromPartial({ ...service!, ...changes }) }] });
}

test('names the experiment, its status and what to do next', () => {
  const text = render(sampleReport());
  expect(text).toMatch(/^pi-profile {2}202603011405-1a2b {2}FINISHED {2}\d{4}-\d\d-\d\d \d\d:\d\d:\d\d, took 21\.1 s\n/);
  expect(text).toContain('/home/ada/.local/share/galileo/galileo.db');
  expect(text).toContain('galileo report 202603011405-1a2b');
  expect(text).toContain('galileo experiments ls');
});

test('puts the ledger into a table', () => {
  expect(section(render(sampleReport()), 'Ledger')).toEqual([
    'Ledger',
    'produced | stored | rejected | lost',
    'traces | 2,013 | 2,013 | 0 | 0 | balanced',
    'telemetry | 1,530 | 1,530 | 0 | 0 | balanced',
    'events | 12 | 12 | 0 | 0 | balanced',
  ]);
});

test('names what a ledger misses', () => {
  const ledger = Ledger.fromPartial({
    entries: [{ kind: RecordKind.TRACE, produced: 10, stored: 7, lost: 1 }],
    mismatches: ['client/a/1: 2 traces of client a:pi:0 are not in the store'],
    missingProducers: ['telemd/b/2'],
  });
  expect(section(render(sampleReport({ ledger })), 'Ledger')).toEqual([
    'Ledger (provisional)',
    'produced | stored | rejected | lost',
    'traces | 10 | 7 | 0 | 1 | 2 unaccounted for',
    '! client/a/1: 2 traces of client a:pi:0 are not in the store',
    '! no final figures from telemd/b/2',
  ]);
});

test('gives every reason of an INVALID verdict', () => {
  const verdict = { valid: false, reasons: ['The generator was saturated.', 'Of 10 traces produced, 1 was lost (limit 0).'] };
  expect(section(render(sampleReport({ verdict })), 'Verdict')).toEqual([
    'Verdict | INVALID',
    '- The generator was saturated.',
    '- Of 10 traces produced, 1 was lost (limit 0).',
  ]);
  expect(section(render(sampleReport()), 'Verdict')).toEqual(['Verdict | VALID']);
});

test('writes what was measured for a threshold in the unit of its limit', () => {
  const threshold = (expression: string, value: number, passed: boolean, measured = true) => ({
    expression,
    value,
    passed,
    measured,
  });
  const thresholds = [
    threshold('latency.p99 < 200ms', 0.2513, false),
    threshold('errors < 1%', 0.0031, true),
    threshold('errors(pi) < 5', 3, true),
    threshold('cpu(pi) < 80%', 0.4321, true),
    threshold('cpu(pi) < 0.8', 0.4321, true),
    threshold('memory(pi) < 200MB', 122_100_000, true),
    threshold('rate > 40', 99.87, true),
    threshold('cpu < 1', 0, false, false),
  ];
  expect(section(render(sampleReport({ thresholds })), 'Thresholds').slice(2)).toEqual([
    'failed | latency.p99 < 200ms | 251.30 ms',
    'passed | errors < 1% | 0.31 %',
    'passed | errors(pi) < 5 | 3',
    'passed | cpu(pi) < 80% | 43.2 %',
    'passed | cpu(pi) < 0.8 | 0.43 cores',
    'passed | memory(pi) < 200MB | 122.1 MB',
    'passed | rate > 40 | 99.87 req/s',
    'failed | cpu < 1 | nothing measured',
  ]);
});

describe('a service', () => {
  test('has latency with service time beside it', () => {
    expect(section(render(sampleReport()), 'Service pi').slice(0, 4)).toEqual([
      'Service pi | 1,507 requests, 0 errors',
      'p50 | p90 | p99 | max | mean',
      'latency | 12.34 ms | 23.10 ms | 41.70 ms | 61.20 ms | 14.32 ms',
      'service time | 11.01 ms | 21.40 ms | 39.10 ms | 58.80 ms | 13.01 ms',
    ]);
  });

  test('of closed loops is labelled so, and the load client has no release error then', () => {
    const report = { ...withService({ closedLoop: 1507 }), releaseError: undefined, scheduleHash: '' };
    const found = section(render(report), 'Service pi');
    expect(found[0]).toBe('Service pi | 1,507 requests, closed loop, 0 errors');
    expect(found[4]).toContain('latency counts from the hand-over (closed loop: no intended time)');
    const generator = section(render(report), 'Load generator');
    expect(generator).toContain('release error | - | - | - | - | -');
    expect(generator.at(-1)).toBe('requests of closed loops have no intended time, and so no release error');
    expect(section(render(withService({ closedLoop: 7 })), 'Service pi')[0]).toBe(
      'Service pi | 1,507 requests (7 of closed loops), 0 errors',
    );
    expect(section(render(sampleReport({ scheduleHash: 'ab12' })), 'Load generator').at(-1)).toBe('schedule ab12');
  });

  test('holds the requests of its replicas against the weights', () => {
    expect(section(render(sampleReport(), 100), '  replica')).toEqual([
      'replica | node | weight | requests | share | by weight | CPU cores | memory | address',
      'pi-0 | node-a | 3 | 1,130 | 75.0 % | 75.0 % | 0.43 | 61.2 MB | 127.0.0.1:40001',
      'pi-1 | node-b | 1 | 377 | 25.0 % | 25.0 % | 0.15 | 60.9 MB | 127.0.0.1:40002',
    ]);
  });

  test('has its errors by kind, and says which replica died', () => {
    const [first, second] = sampleReport().services[0]!.replicas;
    const replicas = [first!, { ...second!, died: 'killed by SIGKILL after 12.1 s', measured: false }];
    const text = render(withService({ errors: 21, errorKinds: { http_502: 8, refused: 13 }, replicas }));
    expect(section(text, 'Service pi').slice(0, 2)).toEqual([
      'Service pi | 1,507 requests, 21 errors (1.4 %)',
      'errors: refused 13, http_502 8',
    ]);
    expect(section(text, '  replica').slice(2)).toEqual([
      'pi-1 | node-b | 1 | 377 | 25.0 % | 25.0 % | - | -',
      '! pi-1 killed by SIGKILL after 12.1 s',
    ]);
  });

  test('without a request has dashes', () => {
    const empty = { count: 0, mean: 0, p50: 0, p90: 0, p99: 0, max: 0 };
    const text = render(withService({ requests: 0, latency: empty, serviceTime: empty }));
    expect(section(text, 'Service pi')[2]).toBe('latency | - | - | - | - | -');
  });
});

test('has what Galileo itself and the machine used', () => {
  const text = render(sampleReport());
  expect(section(text, 'Galileo itself')).toContain('loadbalancer | 0.05 | 84.3 MB');
  expect(section(text, 'Machine')).toContain('node-a | 1.02 of 2 | 2.3 GB | 10.2 kB/s | 8.4 kB/s');
});

test('tells why an experiment failed that never began, and nothing else', () => {
  const experiment = {
    ...sampleReport().experiment!,
    status: ExperimentStatus.FAILED,
    start: 0,
    reason: 'pi-0 was not ready\n  boom',
  };
  const text = render(sampleReport({ experiment, ledger: undefined, services: [], thresholds: [], intended: 0 }));
  expect(text).toMatch(/^pi-profile {2}202603011405-1a2b {2}FAILED {2}never began\n {2}pi-0 was not ready\n {4}boom\n\nData/);
});

test('an experiment that failed under load has its reason and its figures', () => {
  const experiment = { ...sampleReport().experiment!, status: ExperimentStatus.FAILED, reason: 'the load client has ended' };
  const text = render(sampleReport({ experiment, ledger: undefined }));
  expect(text).toContain('\n  the load client has ended\n');
  expect(text).toContain('Ledger\n  nothing was recorded');
  expect(text).toContain('1,507 requests');
});

test.each([80, 100, 120])('keeps to %i columns', width => {
  const notes = [Array.from({ length: 60 }, () => 'word').join(' ')];
  for (const line of render(sampleReport({ notes }), width).split('\n')) expect(line.length).toBeLessThanOrEqual(width);
});

test('is coloured only if told so', () => {
  expect(render(sampleReport())).not.toContain('\u001b');
  expect(render(sampleReport(), 80, true)).toContain('\u001b[32mVALID');
});
