import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTraceWriter, formatTrace, type InstanceTrace, traceOrigin } from './trace.ts';
import { encodeHeaderMembers, encodeHeaders } from './trace-details.ts';

const time = fc.oneof(fc.double({ min: 1e9, max: 2e9, noNaN: true }), fc.constant(-1));
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });
const texts = fc.string({ unit: fc.constantFrom('a', ',', '|', '"', '\\', 'é', '\n', ' ') });
const trace: fc.Arbitrary<InstanceTrace> = fc.record({
  counter: fc.integer({ min: 1, max: 1e9 }),
  created: time,
  sent: time,
  done: time,
  status: fc.integer({ min: -1, max: 599 }),
  server: maybe(fc.constantFrom('a:1', 'b:2', '[::1]:3')),
  response: maybe(texts),
  members: maybe(fc.dictionary(fc.string({ unit: fc.constantFrom('a', 'b', '-') }), texts).map(encodeHeaderMembers)),
  details: fc.record({
    released: maybe(time),
    connected: maybe(time),
    firstByte: maybe(time),
    error: maybe(texts),
    bytes: maybe(fc.nat()),
    replica: fc.constant(null),
  }),
});

describe('a trace writer', () => {
  it('writes the lines that formatTrace writes, whatever it has written before', () => {
    const write = createTraceWriter();
    const origin = traceOrigin('token', 'w:svc:0', 'svc');
    fc.assert(
      fc.property(trace, ({ counter, members, details, ...fields }) => {
        // A comma or bar within an error is JSON's escape in both; formatTrace can't tell it from one between members.
        const headers = encodeHeaders(members, details);
        const whole = { ...fields, requestId: `token:${counter}`, client: 'w:svc:0', service: 'svc', expId: null, headers };
        expect(write(origin, { counter, members, details, ...fields })).toBe(formatTrace(whole));
      }),
      { numRuns: 2000 },
    );
  });

  it('remembers few headers', () => {
    const write = createTraceWriter();
    const origin = traceOrigin('token', 'w:svc:0', 'svc');
    const details = { released: null, connected: null, firstByte: null, error: null, bytes: null, replica: null };
    for (let counter = 1; counter < 1000; counter++) {
      const one = { counter, created: 1e9, sent: 1e9, done: 1e9, status: 200, server: 'a:1', response: null, details };
      const line = write(origin, { ...one, members: `"A": "${counter % 100},|"` });
      expect(line).toContain(`None,{"A": "${counter % 100}|\\u007c"},None`);
    }
  });

  it('refuses what formatTrace refuses', () => {
    expect(() => traceOrigin('', 'c', 's')).toThrow('requestId');
    expect(() => traceOrigin('t', 'c,', 's')).toThrow('client');
    const details = { released: null, connected: null, firstByte: null, error: null, bytes: null, replica: null };
    const one = { counter: 1, created: 1, sent: 1, done: 1, status: 200, response: null, members: null, details };
    expect(() => createTraceWriter()(traceOrigin('t', 'c', 's'), { ...one, server: 'a,b' })).toThrow('server');
  });
});
