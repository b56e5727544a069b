import type { GalileoEvent } from './event.ts';
import { pythonFloat } from './python-float.ts';
import type { TelemetrySample } from './telemetry.ts';
import type { Trace } from './trace.ts';

/*
 * InfluxDB's line protocol as Galileo's recorder (influxdb-client for Python) writes it: one field, all else as tags, floats in
 * tags by `repr`, times in milliseconds, cut. Lines go to a bucket that is named like the experiment, with `precision=ms`.
 * https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/
 */

const inKeys: Readonly<Record<string, string>> = {
  ',': '\\,',
  '=': '\\=',
  ' ': '\\ ',
  '\n': '\\n',
  '\t': '\\t',
  '\r': '\\r',
};

/** The text of a tag. One that ends with a backslash would escape what follows, so it gets a space. */
function tagText(text: string): string {
  const escaped = text.replace(/[,= \n\t\r]/g, character => inKeys[character]!);
  return escaped.endsWith('\\') ? `${escaped} ` : escaped;
}

const quoted = (text: string) => `"${text.replace(/["\\]/g, '\\$&')}"`;

/** Tags in the order of their names; what is null or empty is left out. */
function line(
  measurement: string,
  tags: readonly (readonly [name: string, value: string | null])[],
  field: string | null,
  time: number,
): string {
  // Without a field there is no point, and without a time none that the server would put where it belongs.
  if (field === null || !Number.isFinite(time)) return '';
  const written = tags
    .filter(([, value]) => value !== null && value !== '')
    .map(([name, value]) => `,${name}=${tagText(value!)}`);
  return `${measurement}${written.join('')} ${field} ${Math.trunc(time * 1000)}`;
}

/** Python writes a whole float without its `.0` here; what is not finite has no form. */
const floatField = (value: number) => (Number.isFinite(value) ? `value=${pythonFloat(value).replace(/\.0$/, '')}` : null);

/** The line of a sample; empty if its value is not finite. */
export function telemetryPoint(expId: string, sample: TelemetrySample): string {
  const { metric, node, subsystem, timestamp } = sample;
  const tags = [
    ['exp_id', expId],
    ['metric', metric],
    ['node', node],
    ['subsystem', subsystem],
    ['ts', pythonFloat(timestamp)],
  ] as const;
  return line('telemetry', tags, floatField(sample.value), timestamp);
}

/** The line of a trace, at the time when it was sent; one that never was is at -1 s. */
export function tracePoint(expId: string, trace: Trace): string {
  const tags = [
    ['client', trace.client],
    ['created', pythonFloat(trace.created)],
    ['done', pythonFloat(trace.done)],
    ['exp_id', expId],
    ['headers', trace.headers],
    ['response', trace.response],
    ['sent', pythonFloat(trace.sent)],
    ['server', trace.server],
    ['service', trace.service],
    ['status', String(trace.status)],
  ] as const;
  return line('traces', tags, `request_id=${quoted(trace.requestId)}`, trace.sent);
}

/**
 * The line of an event; empty if it has no value: such an event has no point, and the original loses it. Who would keep it
 * gives it the empty text as value.
 */
export function eventPoint(expId: string, event: GalileoEvent): string {
  const tags = [
    ['exp_id', expId],
    ['name', event.name],
    ['ts', pythonFloat(event.timestamp)],
  ] as const;
  return line('events', tags, event.value === null ? null : `value=${quoted(event.value)}`, event.timestamp);
}
