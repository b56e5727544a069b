import type { ExperimentSpec } from '@galileo/experiment';
import { expect, test } from 'vitest';
import { routesPerService } from './routes-per-service.ts';

const a = { zone: 'a', data: 'a:80' };
const b = { zone: 'b', data: 'b:80' };
const c = { zone: 'c', data: 'c:80' };

test.for([
  { what: 'the load balancer of the zone', zones: ['b'], balancers: [a, b], hosts: ['b:80'] },
  { what: 'all load balancers where the zone has none', zones: ['moon'], balancers: [a, b], hosts: ['a:80', 'b:80'] },
  { what: 'those of all zones of its workloads', zones: ['a', 'c'], balancers: [a, b, c], hosts: ['a:80', 'c:80'] },
  { what: 'all of them without a workload', zones: [], balancers: [a, b], hosts: ['a:80', 'b:80'] },
])('a service is reached through $what', ({ zones, balancers, hosts }) => {
  const workloads = zones.map(zone => ({ service: 'pi', zone }));
  const spec = { services: [{ name: 'pi' }], workloads } as unknown as ExperimentSpec;
  expect(routesPerService(spec, balancers)).toEqual([{ service: 'pi', hosts, weights: hosts.map(() => 1) }]);
});
