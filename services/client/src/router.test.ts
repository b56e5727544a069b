import { createRoutingTable } from '@galileo/routing';
import { describe, expect, it } from 'vitest';
import { createRouter, parseStaticHost, routerTypes } from './router.ts';

const request = { method: 'GET', path: '/x?n=1', headers: {}, body: undefined, timeout: 1 };

function clientOf(service: string) {
  const routes = createRoutingTable();
  routes.replace([{ service: 'pi', hosts: ['h1:1', 'h2:1'], weights: [1.9, 2] }]);
  return { service, routes };
}

describe('a router', () => {
  it.each<[(typeof routerTypes)[number], string | undefined, string]>([
    ['CachingSymmetryHostRouter', 'h2:1', '/x?n=1'],
    ['SymmetryHostRouter', 'h2:1', '/x?n=1'],
    ['CachingSymmetryServiceRouter', 'h2:1', '/pi/x?n=1'],
    ['SymmetryServiceRouter', 'h2:1', '/pi/x?n=1'],
    ['StaticRouter', 'lb:8080', '/below/x?n=1'],
    ['DebugRouter', 'nowhere', '/x?n=1'],
  ])('%s: host and path', (type, host, path) => {
    const router = createRouter(type, { host: 'lb:8080', prefix: '/below' });
    expect([router.pick(clientOf('pi')), router.outgoing('pi', request).path]).toEqual([host, path]);
    expect(router.reaches).toBe(type !== 'DebugRouter');
  });

  it('without a route knows no host, unless it needs none', () => {
    const hosts = routerTypes.map(type => createRouter(type, { host: 'lb', prefix: '' }).pick(clientOf('other')));
    expect(hosts).toEqual([undefined, undefined, undefined, undefined, 'lb', 'nowhere']);
  });

  it('counts weights as whole numbers, as the original does', () => {
    const client = clientOf('pi');
    const router = createRouter('SymmetryHostRouter', { host: '', prefix: '' });
    expect(Array.from({ length: 6 }, () => router.pick(client))).toEqual(['h2:1', 'h1:1', 'h2:1', 'h2:1', 'h1:1', 'h2:1']);
  });
});

it.each([
  ['http://localhost', { host: 'localhost', prefix: '' }],
  ['http://10.0.0.1:8080/', { host: '10.0.0.1:8080', prefix: '/' }],
  ['http://[::1]:80/a/b', { host: '[::1]:80', prefix: '/a/b' }],
])('a static host is %s', (url, expected) => {
  expect(parseStaticHost(url)).toEqual(expected);
});

it.each([['localhost:80'], ['https://a'], ['http://a:0'], ['http://a?b'], ['http://']])('a static host is not %s', url => {
  expect(() => parseStaticHost(url)).toThrow(`${JSON.stringify(url)} is not allowed; allowed: http://HOST`);
});
