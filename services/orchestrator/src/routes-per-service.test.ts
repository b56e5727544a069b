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
  const workloads = zones.map(zone => ({ service: 'pi', zone, request: {} }));
  const spec = { services: [{ name: 'pi' }], workloads } as unknown as ExperimentSpec;
  expect(routesPerService(spec, balancers, [])).toEqual([{ service: 'pi', hosts, weights: hosts.map(() => 1) }]);
});

test.for([
  { what: 'those of the zone with their weights', zones: ['a'], hosts: ['r:1', 'r:2'], weights: [3, 1] },
  { what: 'all where the zone has none', zones: ['moon'], hosts: ['r:1', 'r:2', 'r:3'], weights: [3, 1, 2] },
])('replicas that are called by gRPC are reached themselves: $what', ({ zones, hosts, weights }) => {
  const workloads = zones.map(zone => ({ service: 'pi', zone, request: { protocol: 'grpc' } }));
  const spec = { services: [{ name: 'pi' }], workloads } as unknown as ExperimentSpec;
  const replica = (address: string, zone: string, weight: number, service = 'pi') => ({
    address,
    plan: { service, zone, weight, name: `${service}-0`, node: 'n', ready: { path: undefined, timeout: 1 } },
  });
  const replicas = [
    replica('r:1', 'a', 3),
    replica('r:2', 'a', 1),
    replica('r:3', 'b', 2),
    replica('r:4', 'a', 0),
    replica('r:5', 'a', 1, 'other'),
  ];
  expect(routesPerService(spec, [a, b], replicas)).toEqual([{ service: 'pi', hosts, weights }]);
});
