import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import {
  decodeClientDescription,
  decodeEnvelope,
  durationSeconds,
  type Envelope,
  encodeClientDescription,
  encodeEnvelope,
  formatEvent,
  formatTrace,
  parseEvent,
  parseTrace,
  pyFloat,
  pythonFloat,
  spreadClients,
  type Trace,
} from '../src/index.ts';
import { parsePythonFloat } from '../src/python-float.ts';
import { jsonLines } from './fixture.ts';

/* Every line of what the original functions gave for what, against ours. */

type Vector = { readonly case: string; readonly payload: string; readonly what?: string; readonly input?: unknown } & Record<
  string,
  unknown
>;

const vectors = jsonLines<Vector>('vectors.jsonl');
const covered = new Map<string, number>();

/** One test a line of a case; the lines are counted, so that none is forgotten. */
function each<T extends Vector>(name: string, title: (vector: T) => string, check: (vector: T) => void): void {
  const lines = vectors.filter(vector => vector.case === name) as T[];
  describe(name, () => {
    test.each(lines.map(line => [title(line), line] as const))('%s', (_, line) => {
      check(line);
      covered.set(name, (covered.get(name) ?? 0) + 1);
    });
  });
}

const what = (vector: Vector) => String(vector.what);
const input = (vector: Vector) => JSON.stringify(vector.input);

const config = ['svc', 'app', { a: [1, 2.5, null, true], ü: '🙂' }, { galileo_zone: 'main' }];
const description = ['a', 'w', config];
const setWorkload = 'galileo.worker.api.SetWorkloadCommand';
const response = 'pymq.core.RpcResponse';

/** What stood in Python, in our words. */
const envelopes: Readonly<Record<string, Envelope>> = {
  'SetWorkload defaults': { type: setWorkload, value: ['c', null, 'constant', null] },
  'SetWorkload int ia': { type: setWorkload, value: ['c', 5, 'constant', [1]] },
  'SetWorkload float': { type: setWorkload, value: ['c', null, 'constant', [1 / 3]] },
  'small float': { type: setWorkload, value: ['c', 1, 'constant', [1e-9]] },
  'big float': { type: setWorkload, value: ['c', 1, 'constant', [1e16]] },
  nan: { type: setWorkload, value: ['c', 1, 'constant', [Number.NaN]] },
  inf: { type: setWorkload, value: ['c', 1, 'constant', [Number.POSITIVE_INFINITY]] },
  CreateClientCommand: { type: 'galileo.worker.api.CreateClientCommand', value: ['w1', config, 2] },
  'empty tuple event': { type: 'galileo.worker.api.StartTracingCommand', value: [] },
  'list of descriptions': { type: 'galileo.worker.api.ClientDescription', value: [description], list: true },
  'list of str': { type: null, value: ['a', 'b'] },
  'list of int then str': { type: null, value: [1, 'a'] },
  'list None first': { type: 'NoneType', value: [null, 1], list: true },
  'empty list': { type: null, value: [] },
  dict: { type: null, value: { a: [1, 2] } },
  str: { type: null, value: 'x"\\\n\té🙂' },
  int: { type: null, value: 1 },
  float: { type: null, value: pyFloat(2) },
  bool: { type: null, value: true },
  None: { type: 'NoneType', value: null },
  set: { type: 'set', value: [1] },
  tuple: { type: 'tuple', value: [1, 'a', null] },
  exception: { type: 'ValueError', value: ['a', 1] },
  RpcRequest: { type: 'pymq.core.RpcRequest', value: ['F', '__rpc_1', [['w1', config, 1]], { k: 1 }] },
  RpcResponse: { type: response, value: ['F', [description], 'list', false] },
  'RpcResponse error': { type: response, value: ['F', ['x'], 'KeyError', true] },
  'RpcResponse None': { type: response, value: ['F', null, 'NoneType', false] },
  'ClientInfo response': {
    type: response,
    value: ['Client.get_info', [description, 3, 1], 'galileo.worker.api.ClientInfo', false],
  },
  'Experiment object': {
    type: 'galileodb.model.Experiment',
    value: { id: 'i', name: 'n', creator: null, start: null, end: null, created: null, status: null },
  },
  QueuedExperiment: {
    type: 'galileodb.model.QueuedExperiment',
    value: [
      { id: 'i', name: 'n', creator: 'c', start: 1.5, end: null, created: pyFloat(2), status: 'QUEUED' },
      [4, 2, [['svc', [1, 2], 1, 'constant', 'app', { a: 1 }]]],
    ],
  },
};

each('pymq-encode', what, vector => {
  const envelope = envelopes[what(vector)]!;
  expect(encodeEnvelope(envelope)).toBe(vector.payload);
  expect(decodeEnvelope(vector.payload)).toEqual({ ok: true, value: envelope });
});

each(
  'client-description-key',
  () => 'the text at a client key',
  ({ payload }) => {
    const read = decodeClientDescription(payload);
    const parameters = { a: [1, 2.5, null, true], ü: '🙂' };
    expect(read).toEqual({
      ok: true,
      value: {
        clientId: 'a',
        worker: 'w',
        config: { service: 'svc', client: 'app', parameters, workerLabels: { galileo_zone: 'main' } },
      },
    });
    expect(read.ok && encodeClientDescription(read.value)).toBe(payload);
  },
);

function traceOf(fields: Readonly<Record<string, string | number | null>>): Trace {
  const { request_id: requestId, exp_id: expId, ...rest } = fields;
  return { requestId, expId, ...rest } as unknown as Trace;
}

type TraceVector = Vector & { input: Record<string, string | null>; parsed_back: Record<string, string | null> | string };
each<TraceVector>('trace-line', what, vector => {
  const written = traceOf(vector.input);
  if (typeof vector.parsed_back === 'string') {
    // A comma in the service: what the original can't read back, ours does not write.
    expect(parseTrace(vector.payload)).toEqual({ ok: false, reason: 'created is not a number' });
    expect(() => formatTrace(written)).toThrow('service: "s,x" can\'t be written; allowed: text without comma and line break');
    return;
  }
  expect(parseTrace(vector.payload)).toEqual({ ok: true, value: traceOf(vector.parsed_back) });
  // A pipe in the headers is the one thing that is written otherwise, because the original reads its own as a comma.
  const ours = vector.payload.replace('c|d"', 'c\\u007cd"');
  expect(formatTrace(written)).toBe(ours);
});

type EventVector = Vector & { input: [timestamp: number, name: string, value: string | null]; split: string[] };
each<EventVector>('event-line', input, ({ payload, input: [timestamp, name, value], split }) => {
  expect(parseEvent(payload)).toEqual({ ok: true, value: { timestamp, name, value } });
  // Python tells the int 1700000000 from the float; a double is always written as a float.
  const time = /[.e]/.test(split[0]!) ? split[0]! : `${split[0]}.0`;
  expect(formatEvent({ timestamp, name, value })).toBe([time, ...split.slice(1)].join(' '));
});

type PackVector = Vector & { input: [num: number, workers: string[], clients: number[]]; value: Record<string, number> };
each<PackVector>('pack', input, ({ input: [num, workers, clients], value }) => {
  const loads = workers.map((worker, index) => ({ worker, clients: clients[index]! }));
  const placed = spreadClients(num, loads);
  expect([...placed]).toEqual(Object.entries(value));
});

// Its golden test is the one of the round itself; here we see that it has all lines.
const rounds = readFileSync(new URL('../../routing/test/fixtures/wrr.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map(line => JSON.parse(line) as Vector);
each('wrr', input, vector => {
  expect(rounds).toContainEqual(expect.objectContaining({ input: vector.input, value: vector['value'] }));
});

each<Vector & { input: string; value: number }>('to_seconds', input, vector => {
  expect(durationSeconds(vector.input)).toEqual({ ok: true, value: vector.value });
});

/** Value of C's hexadecimal float notation, exactly. */
function hexadecimal(text: string): number {
  const [, whole, fraction, exponent] = /^0x(\d)\.([0-9a-f]{13})p([+-]\d+)$/.exec(text)!;
  return (Number(whole) + Number.parseInt(fraction!, 16) * 2 ** -52) * 2 ** Number(exponent);
}

each<Vector & { input_hex: string; value: string }>(
  'float-repr',
  vector => vector.value,
  vector => {
    expect(pythonFloat(hexadecimal(vector.input_hex))).toBe(vector.value);
    expect(parsePythonFloat(vector.value)).toBe(hexadecimal(vector.input_hex));
  },
);

test('no line of the vectors is left out', () => {
  const lines: Record<string, number> = {};
  for (const vector of vectors) lines[vector.case] = (lines[vector.case] ?? 0) + 1;
  expect(Object.fromEntries(covered)).toEqual(lines);
});

afterAll(() => {
  console.log(`lines of the vectors covered: ${[...covered].map(([name, count]) => `${name} ${count}`).join(', ')}`);
});
