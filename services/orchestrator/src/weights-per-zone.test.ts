import { expect, test } from 'vitest';
import { weightsPerZone } from './weights-per-zone.ts';

const replica = (service: string, zone: string, address: string, weight = 1) => ({ service, zone, address, weight });

test.for([
  {
    what: 'one load balancer gets all, whatever their zones',
    replicas: [replica('pi', 'a', 'h:1', 3), replica('pi', 'b', 'h:2')],
    zones: ['main'],
    result: ['main/pi h:1=3 h:2=1'],
  },
  {
    what: 'each zone gets its own',
    replicas: [replica('pi', 'a', 'h:1', 3), replica('pi', 'b', 'h:2'), replica('pi', 'a', 'h:3')],
    zones: ['a', 'b'],
    result: ['a/pi h:1=3 h:3=1', 'b/pi h:2=1'],
  },
  {
    what: 'those of a zone without a load balancer go to every zone',
    replicas: [replica('pi', 'a', 'h:1'), replica('pi', 'far', 'h:2')],
    zones: ['a', 'b'],
    result: ['a/pi h:1=1 h:2=1', 'b/pi h:2=1'],
  },
  {
    what: 'a zone that none is left for gets all',
    replicas: [replica('pi', 'a', 'h:1', 2), replica('pi', 'a', 'h:2')],
    zones: ['a', 'b'],
    result: ['a/pi h:1=2 h:2=1', 'b/pi h:1=2 h:2=1'],
  },
  {
    what: 'a zone whose replicas may get nothing gets all',
    replicas: [replica('pi', 'a', 'h:1'), replica('pi', 'b', 'h:2', 0)],
    zones: ['a', 'b'],
    result: ['a/pi h:1=1', 'b/pi h:1=1 h:2=0'],
  },
  {
    what: 'two load balancers of one zone have one key, and services do not mix',
    replicas: [replica('pi', 'a', 'h:1'), replica('fib', 'a', 'h:2')],
    zones: ['a', 'a'],
    result: ['a/pi h:1=1', 'a/fib h:2=1'],
  },
])('$what', ({ replicas, zones, result }) => {
  const found = weightsPerZone(replicas, zones).map(
    ({ zone, fn, ips, weights }) => `${zone}/${fn} ${ips.map((ip, index) => `${ip}=${weights[index]}`).join(' ')}`,
  );
  expect(found).toEqual(result);
});
