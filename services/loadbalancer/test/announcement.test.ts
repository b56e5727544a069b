import { LoadBalancerDefinition, WeightSource } from '@galileo/proto/loadbalancer';
import { connect, waitForServing } from '@galileo/service';
import { missing, startRedis, startService, until } from '@galileo/testkit';
import { describe, expect, test } from 'vitest';

const free = {
  galileo_grpc_listen: '127.0.0.1:0',
  galileo_lb_listen_host: '0.0.0.0',
  galileo_advertise_host: '127.0.0.1',
  eb_go_lb_listen_port: '0',
  eb_go_lb_node_name: 'nodeX',
};
const key = 'galileo:service:loadbalancer:nodeX';

describe.skipIf(missing('redis-server'))('in Redis (needs redis-server)', () => {
  test('it is announced by its gRPC address, again when Redis is back, and withdrawn in the end', async () => {
    await using redis = await startRedis();
    const client = redis.client();
    await using balancer = await startService('loadbalancer', {
      ...free,
      galileo_redis_host: redis.host,
      galileo_redis_port: String(redis.port),
    });
    const { grpc, http } = await balancer.ready();
    await until('the announcement', async () => (await client.get(key)) === grpc);
    expect(await client.pttl(key)).toBeGreaterThan(0);
    await redis.restart();
    await until('the announcement in an empty Redis', async () => (await client.get(key)) === grpc);
    using connection = connect(LoadBalancerDefinition, grpc!);
    expect(await connection.client.getInfo({})).toEqual({
      node: 'nodeX',
      zone: 'main',
      http: `127.0.0.1:${http!.split(':')[1]}`,
      weightSource: WeightSource.GRPC,
    });
    expect(await balancer.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(await client.keys('*')).toEqual([]);
  });

  test('it serves without Redis, and is announced when that comes', async () => {
    const { host, port } = await startRedis().then(async first => {
      await first[Symbol.asyncDispose]();
      return first;
    });
    const environment = { ...free, galileo_redis_host: host, galileo_redis_port: String(port) };
    await using balancer = await startService('loadbalancer', environment);
    const { grpc } = await balancer.ready();
    await waitForServing(grpc!, 20);
    await using redis = await startRedis({ port });
    await until('the announcement', async () => (await redis.client().get(key)) === grpc);
    await redis.kill();
    expect(await balancer.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  });
});
