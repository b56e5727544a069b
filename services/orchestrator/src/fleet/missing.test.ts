import type { ExperimentSpec } from '@galileo/experiment';
import { expect, test } from 'vitest';
import { missingFor } from './missing.ts';

function spec(labels: Record<string, string>[], nodes: string[] = []): ExperimentSpec {
  const workloads = labels.map(workerLabels => ({ service: 'pi', workerLabels }));
  return { workloads, telemetry: { nodes, period: 1 } } as unknown as ExperimentSpec;
}

const one = { name: 'one', labels: { galileo_zone: 'main' } };
const balancer = { name: 'lb' };

test.for([
  { what: 'nothing', spec: spec([{}]), present: { workers: [one], balancers: [balancer], agents: [] }, awaited: [] },
  {
    what: 'everything',
    spec: spec([{ galileo_zone: 'main' }, { galileo_zone: 'main' }, { kind: 'pi' }], ['a', 'b']),
    present: { workers: [], balancers: [], agents: [{ name: 'b' }] },
    awaited: ['a load client with the labels galileo_zone=main or kind=pi', 'a load balancer', 'a telemetry agent of a'],
  },
  {
    what: 'labels, each once',
    spec: spec([{ kind: 'pi' }, { galileo_zone: 'main' }, { kind: 'pi' }]),
    present: { workers: [one], balancers: [balancer], agents: [] },
    awaited: ['a load client with the labels kind=pi'],
  },
])('$what is missing', ({ spec: wanted, present, awaited }) => {
  expect(missingFor(wanted, present).map(entry => entry.awaited)).toEqual(awaited);
});

test('load clients with another pacing than the file asks for are missing', () => {
  const precise = { name: 'two', labels: { galileo_client_pacing: 'precise' } };
  const wanted = { ...spec([{}]), pacing: 'eco' } as const;
  const present = { workers: [one, precise], balancers: [balancer], agents: [] };
  expect(missingFor(wanted, present).map(entry => entry.message)).toEqual([
    'no load client has the pacing eco that the file asks for (galileo_client_pacing); found: one (balanced), two (precise)',
  ]);
  expect(missingFor({ ...wanted, pacing: 'precise' }, present)).toEqual([]);
  expect(missingFor({ ...wanted, pacing: 'balanced' }, present)).toEqual([]);
});

test('what is missing is told with what was found', () => {
  const present = { workers: [one], balancers: [], agents: [{ name: 'b' }] };
  expect(missingFor(spec([{ kind: 'pi' }], ['a']), present).map(entry => entry.message)).toEqual([
    'no load client has the labels kind=pi of the workload for pi; found: one (galileo_zone=main)',
    'no load balancer was found',
    'no telemetry agent observes a; found agents of: b',
  ]);
});
