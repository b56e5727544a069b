import { ConfigError, readConfig } from '@galileo/service';
import { expect, test } from 'vitest';
import { etcdOf, redisOf, variables } from './config.ts';

const read = (env: Record<string, string>) => readConfig(variables, env);
const endpoints = (value: string) => etcdOf(read({ eb_go_lb_etcd_host: value }))?.endpoints;

test.each([
  ['none: the weights are set over gRPC', '', undefined],
  ["a host means etcd's port", 'etcd.example', ['etcd.example:2379']],
  ['a host with its port', '127.0.0.1:12379', ['127.0.0.1:12379']],
  ['several', 'a, b:1 ,[::1]', ['a:2379', 'b:1', '[::1]:2379']],
])('endpoints of etcd: %s', (_, value, expected) => expect(endpoints(value)).toEqual(expected));

test.each(['http://a:2379', 'a:0', 'a:65536', '::1', 'u@a'])('%s is no endpoint of etcd', value => {
  expect(() => endpoints(value)).toThrow(ConfigError);
  expect(() => endpoints(value)).toThrow(
    `eb_go_lb_etcd_host: ${JSON.stringify(value.replace('u@', '…@'))} is not allowed; allowed: HOST or HOST:PORT`,
  );
});

test('an environment of the Go original is taken', () => {
  const environment = {
    eb_go_lb_zone: 'zone-a',
    eb_go_lb_etcd_host: 'etcd.edge',
    eb_go_lb_listen_port: '8079',
    eb_go_lb_node_name: 'node',
    eb_go_lb_handler_type: 'wrr',
    eb_go_lb_mode: 'anything',
    eb_go_lb_gateways: '10.0.0.1:8080,10.0.0.2:8080',
  };
  expect(read(environment)).toMatchObject({ zone: 'zone-a', listenPort: 8079, handler: 'wrr' });
});

test('a zone with a slash can have no weights in etcd', () => {
  expect(etcdOf(read({ eb_go_lb_zone: 'a/b' }))).toBeUndefined();
  expect(() => etcdOf(read({ eb_go_lb_zone: 'a/b', eb_go_lb_etcd_host: 'e' }))).toThrow('eb_go_lb_zone: "a/b" is not allowed');
});

test('there is no Redis unless its host is set', () => {
  expect(redisOf(read({ galileo_redis_port: '1' }))).toBeUndefined();
  expect(redisOf(read({ galileo_redis_host: 'r', galileo_redis_password: 'p' }))).toEqual({
    host: 'r',
    port: 6379,
    password: 'p',
  });
});
