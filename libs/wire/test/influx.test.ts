import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { eventPoint, parseTraceCsv, telemetryPoint, tracePoint } from '../src/index.ts';
import { fixture, jsonLines } from './fixture.ts';

interface Point {
  readonly case: 'influx-telemetry' | 'influx-traces' | 'influx-events';
  readonly payload: string;
  readonly tags: Readonly<Record<string, never>>;
  readonly fields: Readonly<Record<string, never>>;
}

const points = jsonLines<Point>('influx.jsonl');

const write = {
  'influx-telemetry': ({ tags, fields }: Point) =>
    telemetryPoint(tags.exp_id!, {
      timestamp: tags.ts!,
      node: tags.node!,
      metric: tags.metric!,
      subsystem: tags.subsystem!,
      value: fields.value!,
    }),
  'influx-traces': ({ tags, fields }: Point) =>
    tracePoint(tags.exp_id!, {
      requestId: fields.request_id!,
      client: tags.client!,
      service: tags.service!,
      created: tags.created!,
      sent: tags.sent!,
      done: tags.done!,
      status: tags.status!,
      server: tags.server!,
      expId: tags.exp_id!,
      headers: tags.headers!,
      response: tags.response!,
    }),
  'influx-events': ({ tags, fields }: Point) =>
    eventPoint(tags.exp_id!, { timestamp: tags.ts!, name: tags.name!, value: fields.value! }),
};

describe('points', () => {
  test.each(points.map(point => [point.payload || 'nothing, for an event without value', point] as const))(
    'are written as by the original: %s',
    (_, point) => {
      expect(write[point.case](point)).toBe(point.payload);
    },
  );

  it('are of all three kinds', () => {
    expect(points.map(point => point.case)).toEqual([
      ...Array(3).fill('influx-telemetry'),
      ...Array(3).fill('influx-traces'),
      ...Array(3).fill('influx-events'),
    ]);
  });

  const sample = { node: 'n', metric: 'm', subsystem: null, timestamp: 1, value: 1 };
  test.each([
    [
      'a tag that ends with a backslash gets a space',
      { subsystem: 'C:\\' },
      'telemetry,exp_id=e,metric=m,node=n,subsystem=C:\\ ,ts=1.0 value=1 1000',
    ],
    [
      'tabs and line ends are escaped',
      { node: 'a\tb\r\nc' },
      'telemetry,exp_id=e,metric=m,node=a\\tb\\r\\nc,ts=1.0 value=1 1000',
    ],
    ['a value of 1e16 keeps its exponent', { value: 1e16 }, 'telemetry,exp_id=e,metric=m,node=n,ts=1.0 value=1e+16 1000'],
    ['milliseconds are cut', { timestamp: 1.9999 }, 'telemetry,exp_id=e,metric=m,node=n,ts=1.9999 value=1 1999'],
    ['a value that is not finite has no point', { value: Number.NaN }, ''],
    ['a time that is not finite has no point', { timestamp: Number.POSITIVE_INFINITY }, ''],
  ])('%s', (_, change, line) => {
    expect(telemetryPoint('e', { ...sample, ...change })).toBe(line);
  });

  it('is one line in which every name and value can be found again', () => {
    const text = fc
      .string({ unit: fc.constantFrom('a', ',', '=', ' ', '"', '\\', 'é'), minLength: 1 })
      .filter(t => !/\\[,= ]|\\$/.test(t));
    fc.assert(
      fc.property(text, text, text, (node, metric, subsystem) => {
        const point = telemetryPoint('e', { ...sample, node, metric, subsystem });
        const [head, ...rest] = point.split(/(?<!\\) /);
        expect(rest).toEqual(['value=1', '1000']);
        const tags = head!
          .split(/(?<!\\),/)
          .slice(1)
          .map(tag => tag.split(/(?<!\\)=/).map(part => part.replace(/\\([,= ])/g, '$1')));
        expect(Object.fromEntries(tags)).toEqual({ exp_id: 'e', metric, node, subsystem, ts: '1.0' });
      }),
    );
  });
});

describe('the file trace writer', () => {
  it('is read with its line breaks, commas and pipes', () => {
    const traces = parseTraceCsv(fixture('traces_file_writer.csv'));
    if (!traces.ok) throw new Error(traces.reason);
    expect(traces.value.map(trace => trace.requestId)).toEqual(['1a3a9f6822:1', '1a3a9f6822:2', '1a3a9f6822:3']);
    expect(traces.value[0]).toEqual({
      requestId: '1a3a9f6822:1',
      client: 'wf:svc:0',
      service: 'svc',
      created: 1795486234.6827037,
      sent: 1795486234.6870034,
      done: 1795486234.75934,
      status: 200,
      server: '127.0.0.1:8391',
      expId: null,
      headers:
        '{"Server": "BaseHTTP/0.6 Python/3.11.2", "Date": "Tue, 24 Nov 2026 02:10:34 GMT", "Content-Type": "text/plain", "Content-Length": "24", "X-Custom": "a, b|c"}',
      response: 'line1,with|pipe\nline2',
    });
  });

  const header = 'request_id,client,service,created,sent,done,status,server,exp_id,headers,response\r\n';
  test.each([
    ['an empty file', '', 'the first row is not the names of the columns'],
    ['other columns', 'a,b\r\n', 'the first row is not the names of the columns'],
    ['a row too short', `${header}a:1,c,s\r\n`, 'row 1: not exactly 11 fields'],
    ['a time that is no number', `${header}a:1,c,s,x,1,2,200,,,,\r\n`, 'row 1: created is not a number'],
    ['a second row without client', `${header}a:1,c,s,1,1,2,200,,,,\r\na:2,,s,1,1,2,200,,,,\r\n`, 'row 2: client is missing'],
    ['a broken status', `${header}a:1,c,s,1,1,2,ok,,,,\r\n`, 'row 1: status is not a whole number'],
    ['an open quote', `${header}"a:1,c`, 'a quote is not closed or stands where none may'],
    ['a quote within a field', `${header}a"b,c\r\n`, 'a quote is not closed or stands where none may'],
  ])('%s is refused', (_, text, reason) => {
    expect(parseTraceCsv(text)).toEqual({ ok: false, reason });
  });

  it('may have no traces, and a last row without an end', () => {
    expect(parseTraceCsv(header)).toEqual({ ok: true, value: [] });
    expect(parseTraceCsv(`${header}a:1,c,s,1,-1.0,2,-1,,,,`)).toMatchObject({ ok: true, value: [{ sent: -1, response: null }] });
  });

  it('never throws', () => {
    const text = fc.string({ unit: fc.constantFrom('"', ',', '\r\n', '\n', '\r', 'a', '1') });
    fc.assert(fc.property(text, body => parseTraceCsv(header + body) !== undefined));
  });
});
