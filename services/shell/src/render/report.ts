import {
  ExperimentStatus,
  type LatencySummary,
  type NodeUsage,
  type ReplicaReport,
  type Report,
  type ServiceReport,
} from '@galileo/proto/orchestrator';
import { statusName } from '@galileo/sdk';
import { renderLedger } from './ledger.ts';
import type { Colour, Paint, RenderOptions } from './paint.ts';
import { type Column, right, table } from './table.ts';
import { thresholdValue } from './threshold-value.ts';
import { bytes, count, instant, latency, nothing, percent, span } from './units.ts';
import { wrap } from './wrap.ts';

/** A report as text for a terminal, with a newline at its end. */
export function renderReport(report: Report, options: RenderOptions): string {
  const { paint } = options;
  // One that never began has no figures: tables of dashes would only hide the reason.
  if (report.experiment?.start === 0 && report.intended === 0) {
    return `${header(report, options)}\n\n${next(report, paint)}\n`;
  }
  const sections = [
    header(report, options),
    renderLedger(report.ledger, options),
    verdict(report, options),
    thresholds(report, options),
    ...report.services.map(service => serviceSection(service, options)),
    generator(report, options),
    usage(report, options),
    list('Notes', report.notes, options),
    next(report, paint),
  ];
  return `${sections.filter(section => section !== '').join('\n\n')}\n`;
}

const statusColours: Partial<Record<ExperimentStatus, Colour>> = {
  [ExperimentStatus.FINISHED]: 'green',
  [ExperimentStatus.FAILED]: 'red',
  [ExperimentStatus.CANCELLED]: 'yellow',
};

function header({ experiment }: Report, { paint, width }: RenderOptions): string {
  if (experiment === undefined) return '';
  const { id, name, status, start, end, reason } = experiment;
  const when = start === 0 ? 'never began' : `${instant(start)}${end === 0 ? '' : `, took ${span(end - start)}`}`;
  const title = `${paint('bold', name)}  ${id}  ${paint(statusColours[status] ?? 'bold', statusName(status))}  ${when}`;
  return reason === '' ? title : `${title}\n${wrap(reason, width, '  ')}`;
}

function verdict(report: Report, options: RenderOptions): string {
  const { paint, width } = options;
  const title = paint('bold', 'Verdict');
  if (report.verdict === undefined) return `${title}  none`;
  const { valid, reasons } = report.verdict;
  const line = `${title}  ${valid ? paint('green', 'VALID') : paint('red', 'INVALID')}`;
  return [line, ...reasons.map(reason => wrap(reason, width, '  - '))].join('\n');
}

function thresholds(report: Report, { paint }: RenderOptions): string {
  if (report.thresholds.length === 0) return '';
  const rows = report.thresholds.map(result => [
    result.passed ? paint('green', 'passed') : paint('red', 'failed'),
    result.expression,
    thresholdValue(result),
  ]);
  return `${paint('bold', 'Thresholds')}\n${table([{ title: '' }, { title: '' }, right('measured')], rows)}`;
}

const latencyColumns = [{ title: '' }, ...['p50', 'p90', 'p99', 'max', 'mean'].map(right)];

function latencyRow(name: string, summary: LatencySummary | undefined): string[] {
  if (summary === undefined || summary.count === 0) return [name, nothing, nothing, nothing, nothing, nothing];
  return [name, ...[summary.p50, summary.p90, summary.p99, summary.max, summary.mean].map(latency)];
}

/** What latency counts from: nothing else than the hand-over where requests have no intended time. */
function latencyBegin({ requests, closedLoop }: ServiceReport): string {
  if (closedLoop === 0) return 'latency counts from the intended time';
  const loop = 'from the hand-over (closed loop: no intended time)';
  return closedLoop === requests ? `latency counts ${loop}` : `latency counts from the intended time, or ${loop}`;
}

function serviceSection(service: ServiceReport, options: RenderOptions): string {
  const { paint, width } = options;
  const { requests, errors, closedLoop } = service;
  const share = errors === 0 || requests === 0 ? '' : ` (${percent(errors / requests)})`;
  const found = `${count(errors)} ${errors === 1 ? 'error' : 'errors'}${share}`;
  const kindsFound = Object.entries(service.errorKinds).sort(([, a], [, b]) => b - a);
  const loop = closedLoop === 0 ? '' : closedLoop === requests ? ', closed loop' : ` (${count(closedLoop)} of closed loops)`;
  const lines = [
    `${paint('bold', `Service ${service.name}`)}  ${count(requests)} requests${loop}, ${errors === 0 ? found : paint('red', found)}`,
  ];
  if (kindsFound.length > 0) {
    lines.push(wrap(kindsFound.map(([kind, number]) => `${kind} ${count(number)}`).join(', '), width, '  errors: '));
  }
  lines.push(
    table(latencyColumns, [latencyRow('latency', service.latency), latencyRow('service time', service.serviceTime)]),
    paint('dim', `  ${latencyBegin(service)}, service time from the first byte sent`),
  );
  if (service.replicas.length > 0) lines.push('', replicas(service.replicas, options));
  return lines.join('\n');
}

function replicas(found: readonly ReplicaReport[], { paint, width }: RenderOptions): string {
  const requests = found.reduce((sum, replica) => sum + replica.requests, 0);
  const weights = found.reduce((sum, replica) => sum + replica.weight, 0);
  const columns = [
    { title: 'replica' },
    { title: 'node' },
    ...['weight', 'requests', 'share', 'by weight', 'CPU cores', 'memory'].map(right),
    { title: 'address' },
  ];
  const rows = found.map(replica => [
    replica.name,
    replica.node,
    String(replica.weight),
    count(replica.requests),
    requests === 0 ? nothing : percent(replica.requests / requests),
    weights === 0 ? nothing : percent(replica.weight / weights),
    replica.measured ? replica.cpu.toFixed(2) : nothing,
    replica.measured ? bytes(replica.memory) : nothing,
    replica.address,
  ]);
  const lines = [fitting(columns, rows, width)];
  for (const replica of found) {
    if (replica.died !== '') lines.push(paint('red', wrap(`${replica.name} ${replica.died}`, width, '  ! ')));
  }
  return lines.join('\n');
}

/** The table without its last column where it would be too wide. */
function fitting(columns: readonly Column[], rows: readonly (readonly string[])[], width: number): string {
  const whole = table(columns, rows);
  if (whole.split('\n').every(line => line.length <= width)) return whole;
  return table(
    columns.slice(0, -1),
    rows.map(row => row.slice(0, -1)),
  );
}

function generator(report: Report, { paint }: RenderOptions): string {
  if (report.intended === 0) return '';
  const rows = [latencyRow('release error', report.releaseError), latencyRow('queueing', report.queueing)];
  const figures = `${count(report.released)} of ${count(report.intended)} requests released`;
  const lines = [`${paint('bold', 'Load generator')}  ${figures}, warm-up included`, table(latencyColumns, rows)];
  if (report.services.some(service => service.closedLoop > 0)) {
    lines.push(paint('dim', '  requests of closed loops have no intended time, and so no release error'));
  }
  if (report.scheduleHash !== '') lines.push(paint('dim', `  schedule ${report.scheduleHash}`));
  return lines.join('\n');
}

function nodeRow(node: NodeUsage): string[] {
  return [
    node.node,
    `${node.cpu.toFixed(2)} of ${node.cores}`,
    bytes(node.memory),
    `${bytes(node.received)}/s`,
    `${bytes(node.sent)}/s`,
  ];
}

function usage(report: Report, { paint }: RenderOptions): string {
  const parts: string[] = [];
  if (report.processes.length > 0) {
    const rows = report.processes.map(({ name, cpu, memory }) => [name, cpu.toFixed(2), bytes(memory)]);
    parts.push(`${paint('bold', 'Galileo itself')}\n${table([{ title: 'process' }, right('CPU cores'), right('memory')], rows)}`);
  }
  if (report.nodes.length > 0) {
    const columns = [{ title: 'node' }, ...['CPU cores', 'memory', 'received', 'sent'].map(right)];
    parts.push(`${paint('bold', 'Machine')}\n${table(columns, report.nodes.map(nodeRow))}`);
  }
  return parts.join('\n\n');
}

function list(title: string, lines: readonly string[], { paint, width }: RenderOptions): string {
  if (lines.length === 0) return '';
  return [paint('bold', title), ...lines.map(line => wrap(line, width, '  - '))].join('\n');
}

function next({ store, experiment }: Report, paint: Paint): string {
  const lines = store === '' ? [] : [`${paint('bold', 'Data')}  ${store}`];
  if (experiment !== undefined) {
    const again = `galileo report ${experiment.id}`;
    lines.push(`${paint('bold', 'Next')}  ${again}  this report again; --json for programs`);
    lines.push(`      ${'galileo experiments ls'.padEnd(again.length)}  all experiments`);
  }
  return lines.join('\n');
}
