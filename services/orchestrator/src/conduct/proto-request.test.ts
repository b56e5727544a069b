import type { HttpRequestSpec } from '@galileo/experiment';
import { Connections, RowOrder } from '@galileo/proto/client';
import { clientSeed } from '@galileo/workload';
import { expect, test } from 'vitest';
import { type ClientGroup, protoRequest } from './proto-request.ts';

const request: HttpRequestSpec = {
  ...{ method: 'GET', path: '/', headers: { A: '1' }, body: undefined, templated: false, rows: undefined },
  ...{ timeout: 60, connectTimeout: undefined, firstByteTimeout: undefined, connections: 'reuse', options: undefined },
};
const http = (spec: HttpRequestSpec, group: ClientGroup, seed: number) =>
  protoRequest({ request: spec, app: undefined }, group, seed).request!;
const group = { begin: 10, total: 5, indices: [11, 13] };

test('a literal request says nothing of seeds and numbers', () => {
  expect(http(request, group, 42)).toEqual({
    ...{ method: 'GET', path: '/', headers: { A: '1' }, body: Buffer.alloc(0), timeout: 60 },
    ...{ connectTimeout: 0, firstByteTimeout: 0, connections: Connections.REUSE },
    ...{ templated: false, rows: undefined, seed: undefined, numbers: undefined },
  });
});

test('time-outs, connections and a body of bytes are handed on', () => {
  const full: HttpRequestSpec = {
    ...request,
    ...{ connectTimeout: 1, firstByteTimeout: 2, connections: 'per-request', body: new Uint8Array([255]) },
  };
  const expected = { connectTimeout: 1, firstByteTimeout: 2, connections: Connections.PER_REQUEST, body: Buffer.from([255]) };
  expect(http(full, group, 42)).toMatchObject(expected);
});

test('a templated one counts its clients within the workload, and has a seed that no schedule has', () => {
  const rows = { columns: ['a'], rows: [['x'], ['y']], order: 'random' as const };
  const templated: HttpRequestSpec = { ...request, templated: true, rows };
  const made = http(templated, group, 42);
  expect(made).toMatchObject({
    rows: { columns: ['a'], rows: [{ cells: ['x'] }, { cells: ['y'] }], order: RowOrder.RANDOM },
    numbers: { first: 1, step: 2, total: 5 },
  });
  expect(http(templated, { ...group, indices: [14] }, 42).numbers).toEqual({ first: 4, step: 1, total: 5 });
  expect(http(templated, { ...group, indices: [10, 12, 14] }, 42).seed).toBe(made.seed);
  expect(http(templated, group, 43).seed).not.toBe(made.seed);
  for (let index = 0; index < 20; index += 1) {
    expect([0, 1, 2, 3, 4].map(number => clientSeed(made.seed!, number))).not.toContain(clientSeed(42, index));
  }
});

test('a call of gRPC is one of its own', () => {
  const call = { method: 'a.B/C', metadata: { key: 'x' }, proto: { 'a.proto': '' }, timeout: 5 };
  const request = { ...call, protocol: 'grpc' as const, message: '{}' };
  expect(protoRequest({ request, app: undefined }, group, 42)).toEqual({ grpc: { ...call, messageJson: '{}' } });
});

test('an app has a seed for each client, which no schedule has', () => {
  const app = { name: 'pages', parameters: { a: [1] } };
  const made = protoRequest({ request: undefined, app }, group, 42).app!;
  expect(made).toMatchObject({ name: 'pages', parametersJson: '{"a":[1]}' });
  expect(new Set([...made.seeds!, ...group.indices.map(index => clientSeed(42, index))]).size).toBe(4);
  const alone = protoRequest({ request: undefined, app }, { ...group, indices: [13] }, 42).app!;
  expect(alone.seeds).toEqual(made.seeds!.slice(1));
});
