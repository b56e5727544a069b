import { WeightSource } from '@galileo/proto/loadbalancer';
import { expect, test } from 'vitest';
import type { BalancerMember } from '../fleet/fleet.ts';
import { areInForce, etcdWeights, grpcWeights } from './weight-channel.ts';

const weights = { zone: 'main', fn: 'pi', ips: ['a:1', 'b:1'], weights: [0.75, 0.25] };

test.for([
  { what: 'the same', replicas: { 'a:1': 0.75, 'b:1': 0.25 }, inForce: true },
  { what: 'the same shares in whole numbers and another order', replicas: { 'b:1': 1, 'a:1': 3 }, inForce: true },
  { what: 'other shares', replicas: { 'a:1': 1, 'b:1': 1 }, inForce: false },
  { what: 'a replica less', replicas: { 'a:1': 3 }, inForce: false },
  { what: 'a replica more', replicas: { 'a:1': 3, 'b:1': 1, 'c:1': 0 }, inForce: false },
])('$what: $inForce', ({ replicas, inForce }) => {
  const told = [{ function: 'pi', replicas: Object.entries(replicas).map(([address, weight]) => ({ address, weight })) }];
  expect(areInForce(weights, told)).toBe(inForce);
});

test('a function that the load balancer does not know is not in force', () => {
  expect(areInForce(weights, [])).toBe(false);
});

test('a load balancer that does not listen to the channel is named with the variables', () => {
  const balancer = (weightSource: WeightSource) => [{ name: 'lb-1', zone: 'edge', weightSource } as BalancerMember];
  const etcd = etcdWeights({ put: async () => {}, remove: async () => {} });
  expect(() => etcd.check(balancer(WeightSource.GRPC))).toThrow(
    'load balancer lb-1 (zone edge) takes its weights over gRPC while galileo_etcd is set: set its eb_go_lb_etcd_host, or unset galileo_etcd of the orchestrator',
  );
  expect(() => grpcWeights.check(balancer(WeightSource.ETCD))).toThrow(
    'load balancer lb-1 (zone edge) takes its weights from etcd while galileo_etcd is unset: set galileo_etcd of the orchestrator, or unset its eb_go_lb_etcd_host',
  );
  expect(() => etcd.check(balancer(WeightSource.ETCD))).not.toThrow();
  expect(() => grpcWeights.check(balancer(WeightSource.GRPC))).not.toThrow();
});
