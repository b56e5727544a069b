import type { WorkloadSpec } from '@galileo/experiment';
import { expect, test } from 'vitest';
import { PlacementError, placeClients } from './placement.ts';

const request: WorkloadSpec['request'] = {
  ...{ method: 'GET', path: '/', headers: {}, body: undefined, templated: false, rows: undefined },
  ...{ timeout: 60, connectTimeout: undefined, firstByteTimeout: undefined, connections: 'reuse', options: undefined },
};

function workload(service: string, clients: number, workerLabels: Record<string, string> = {}): WorkloadSpec {
  return {
    service,
    zone: 'main',
    clients,
    workerLabels,
    request,
    app: undefined,
    arrival: { kind: 'distribution', name: 'constant', parameters: [1] },
    limit: undefined,
  };
}

const a = { name: 'a', labels: { galileo_zone: 'main', kind: 'pi' } };
const b = { name: 'b', labels: { galileo_zone: 'main' } };
const c = { name: 'c', labels: { galileo_zone: 'edge' } };

function place(workloads: WorkloadSpec[], hosts: (typeof a | typeof b)[], labelled = true) {
  return placeClients(workloads, hosts as { name: string; labels: Record<string, string> }[], labelled).map(
    ({ workload, host, indices }) => `${workload.service}@${host.name}: ${indices.join(' ')}`,
  );
}

test.for([
  {
    what: 'one host gets all, numbered over the workloads',
    workloads: [workload('x', 2), workload('y', 3)],
    hosts: [b],
    result: ['x@b: 0 1', 'y@b: 2 3 4'],
  },
  { what: 'several hosts get them in turn', workloads: [workload('x', 5)], hosts: [a, b], result: ['x@a: 0 2 4', 'x@b: 1 3'] },
  { what: 'a host without clients is left out', workloads: [workload('x', 1)], hosts: [a, b], result: ['x@a: 0'] },
  {
    what: 'labels choose, and all of them count',
    workloads: [workload('x', 2, { galileo_zone: 'main' }), workload('y', 1, { galileo_zone: 'main', kind: 'pi' })],
    hosts: [c, b, a] as (typeof b)[],
    result: ['x@b: 0', 'x@a: 1', 'y@a: 2'],
  },
])('$what', ({ workloads, hosts, result }) => {
  expect(place(workloads, hosts as (typeof a)[])).toEqual(result);
});

test('without labels of its own every host will do', () => {
  expect(place([workload('x', 2, { galileo_zone: 'moon' })], [b], false)).toEqual(['x@b: 0 1']);
});

test('where no host fits the labels and what there is are named', () => {
  expect(() => place([workload('x', 2, { galileo_zone: 'moon' })], [b])).toThrow(PlacementError);
  expect(() => place([workload('x', 2, { galileo_zone: 'moon' })], [b])).toThrow(
    'no load client has the labels galileo_zone=moon of the workload for x; found: b (galileo_zone=main)',
  );
});
