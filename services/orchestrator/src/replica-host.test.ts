import { hostname } from 'node:os';
import { expect, test } from 'vitest';
import { checkReplicaHost } from './replica-host.ts';

const near = { name: 'lb-1', data: '127.0.0.1:8080' };
const far = { name: 'lb-2', data: '203.0.113.7:8080' };

test.for([
  { what: 'the loopback for load balancers of this machine', host: '127.0.0.1', balancers: [near] },
  {
    what: 'the loopback for a load balancer of this name',
    host: 'localhost',
    balancers: [{ name: 'lb', data: `${hostname()}:1` }],
  },
  { what: 'a host for all', host: '203.0.113.1', balancers: [near, far] },
])('replicas may be reached under $what', ({ host, balancers }) => {
  expect(() => checkReplicaHost(host, balancers)).not.toThrow();
});

test.for(['127.0.0.1', '::1', 'localhost'])('a load balancer elsewhere does not reach %s here', host => {
  expect(() => checkReplicaHost(host, [near, far])).toThrow(
    `load balancer lb-2 takes requests at 203.0.113.7:8080, on another machine, and can't reach replicas at ${host} (galileo_replica_host); allowed: a host under which it reaches this machine`,
  );
});
