import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { formatTrace, parseTrace, type Trace } from './trace.ts';
import { splitHeaders } from './trace-details.ts';
import { WireError } from './wire-error.ts';

const trace: Trace = {
  requestId: '0123456789abcdef:1',
  client: 'w1:svc:0',
  service: 'svc',
  created: 1,
  sent: 1.25,
  done: 2,
  status: 200,
  server: '127.0.0.1:8391',
  expId: null,
  headers: null,
  response: 'ok',
};

describe('parseTrace', () => {
  const fields = ['a:1', 'c', 's', '1.0', '1.0', '2.0', '200', 'h', 'None', '{}', 'ok'];
  test.each([
    ['an empty line', '', 'fewer than 11 fields'],
    ['ten fields', fields.slice(0, 10).join(','), 'fewer than 11 fields'],
    ['no request id', fields.with(0, 'None').join(','), 'request id is missing'],
    ['an empty request id', fields.with(0, '').join(','), 'request id is missing'],
    ['no client', fields.with(1, 'None').join(','), 'client is missing'],
    ['no service', fields.with(2, 'None').join(','), 'service is missing'],
    ['no time of creation', fields.with(3, 'None').join(','), 'created is not a number'],
    ['no time of sending', fields.with(4, '').join(','), 'sent is not a number'],
    ['no end', fields.with(5, '0x1').join(','), 'done is not a number'],
    ['a broken status', fields.with(6, '200.5').join(','), 'status is not a whole number'],
    ['an endless status', fields.with(6, '1'.repeat(20)).join(','), 'status is not a whole number'],
  ])('refuses %s', (_, line, reason) => {
    expect(parseTrace(line)).toEqual({ ok: false, reason });
  });

  it('never throws', () => {
    const text = fc.string({ unit: fc.constantFrom(',', 'None', '1', 'x', '|', '\\', '\n', ' ') });
    fc.assert(fc.property(text, line => parseTrace(line) !== undefined));
  });
});

describe('formatTrace', () => {
  test.each([
    ['a comma in the request id', { requestId: 'a,b:1' }],
    ['a request id that reads as null', { requestId: 'None' }],
    ['an empty request id', { requestId: '' }],
    ['a comma in the client', { client: 'w,1' }],
    ['a line break in the client', { client: 'w\n1' }],
    ['a client that reads as null', { client: 'None' }],
    ['a comma in the service', { service: 'a,b' }],
    ['a comma in the server', { server: 'a,b' }],
    ['a comma in the experiment', { expId: 'a,b' }],
  ])('refuses %s', (_, change) => {
    expect(() => formatTrace({ ...trace, ...change })).toThrow(WireError);
  });

  it('keeps a pipe in the headers, escaped, since a bare one stands for a comma', () => {
    const headers = JSON.stringify({ A: 'b, c|d', 'x|y': '\\|' });
    const line = formatTrace({ ...trace, headers, response: 'e|f' });
    expect(line).toMatch(/,None,\{"A":"b\| c\\u007cd"\|"x\\u007cy":"\\\\\\u007c"\},e\|f$/);
    expect(splitHeaders(headers).headers).toBe(headers);
    const read = parseTrace(formatTrace({ ...trace, headers }));
    expect(read.ok && JSON.parse(read.value.headers!)).toEqual(JSON.parse(headers));
  });

  it('writes times that are no numbers, for the recorder to refuse them', () => {
    const line = formatTrace({ ...trace, created: Number.NaN, done: Number.POSITIVE_INFINITY });
    expect(line).toContain(',nan,1.2500000,inf,');
  });

  it('is undone by parseTrace, but for None and a backslash before n', () => {
    const word = fc.string({ unit: 'grapheme' }).filter(text => !text.includes(',') && !text.includes('\n'));
    const key = word.filter(text => text !== 'None' && text !== '');
    const time = fc.integer({ min: -1, max: 2e9 * 1000 }).map(ms => ms / 1000);
    const body = fc.string({ unit: fc.constantFrom('a', ',', '\n', '\r', '|', '"', 'None', 'é', '🙂', '\\', ' ') });
    const any: fc.Arbitrary<Trace> = fc.record({
      requestId: key,
      client: key,
      service: key,
      created: time,
      sent: time,
      done: time,
      status: fc.integer({ min: -1, max: 599 }),
      server: fc.option(word),
      expId: fc.option(word),
      headers: fc.option(fc.dictionary(fc.string(), fc.string()).map(headers => JSON.stringify(headers))),
      response: fc.option(body),
    });
    const readNull = (text: string | null) => (text === 'None' ? null : text);
    fc.assert(
      fc.property(any, value => {
        const read = parseTrace(formatTrace(value));
        if (!read.ok) throw new Error(read.reason);
        const { headers, ...rest } = read.value;
        expect(rest).toEqual({
          ...value,
          headers: undefined,
          server: readNull(value.server),
          expId: readNull(value.expId),
          response: readNull(value.response),
        });
        expect(headers === null ? null : JSON.parse(headers)).toEqual(value.headers === null ? null : JSON.parse(value.headers));
      }),
    );
  });

  it('reads a backslash before n as a line break', () => {
    expect(parseTrace(formatTrace({ ...trace, response: 'a\\nb' }))).toMatchObject({ value: { response: 'a\nb' } });
  });
});
