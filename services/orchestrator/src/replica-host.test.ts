import { hostname } from 'node:os';
import { expect, test } from 'vitest';
import { checkReplicaHost } from './replica-host.ts';

const near = { name: 'load balancer lb-1', address: '127.0.0.1:8080' };
const far = { name: 'load balancer lb-2', address: '203.0.113.7:8080' };

test.for([
  { what: 'the loopback for load balancers of this machine', host: '127.0.0.1', callers: [near] },
  {
    what: 'the loopback for a load balancer of this name',
    host: 'localhost',
    callers: [{ name: 'load balancer lb', address: `${hostname()}:1` }],
  },
  { what: 'a host for all', host: '203.0.113.1', callers: [near, far] },
])('replicas may be reached under $what', ({ host, callers }) => {
  expect(() => checkReplicaHost(host, callers)).not.toThrow();
});

test.for(['127.0.0.1', '::1', 'localhost'])('a load balancer elsewhere does not reach %s here', host => {
  expect(() => checkReplicaHost(host, [near, far])).toThrow(
    `load balancer lb-2 is at 203.0.113.7:8080, on another machine, and can't reach replicas at ${host} (galileo_replica_host); allowed: a host under which it reaches this machine`,
  );
});
