import { expect, test } from 'vitest';
import { functionsProblem } from './functions-problem.ts';

const one = (address: string, weight = 1) => [{ name: 'pi', replicas: [{ address, weight }] }];

test.each([
  ['nothing', []],
  ['a function without replicas', [{ name: 'pi', replicas: [] }]],
  ['an IPv4 address', one('127.0.0.1:80')],
  ['an IPv6 address', one('[::1]:65535')],
  ['a host name', one('pi-1.default.svc.cluster.local:8080')],
  ['three decimals', one('a:1', 0.001)],
  ['a weight of 0', one('a:1', 0)],
  ['special characters in the name', [{ name: 'pi-2.x_~!$', replicas: [] }]],
])('%s fits', (_, functions) => {
  expect(functionsProblem(functions)).toBeUndefined();
});

const address = 'is not allowed; allowed: HOST:PORT with a port from 1 to 65535';
test.each([
  ['a name with a slash', [{ name: 'a/b', replicas: [] }], 'function "a/b": the name is not allowed; allowed: letters, digits'],
  ['no name', [{ name: '', replicas: [] }], 'function "": the name is not allowed'],
  ['dots', [{ name: '..', replicas: [] }], 'function "..": the name is not allowed'],
  ['a function twice', [...one('a:1'), ...one('b:1')], 'function "pi" is there twice; allowed: each function once'],
  ['no port', one('127.0.0.1'), `function "pi": replica "127.0.0.1" ${address}`],
  ['port 0', one('a:0'), `function "pi": replica "a:0" ${address}`],
  ['too high a port', one('a:65536'), `function "pi": replica "a:65536" ${address}`],
  ['a space (Go breaks the connection)', one('bad host:1'), `function "pi": replica "bad host:1" ${address}`],
  ['a path', one('a:1/x'), `function "pi": replica "a:1/x" ${address}`],
  ['a user', one('u@a:1'), `function "pi": replica "u@a:1" ${address}`],
  ['no address', one(''), `function "pi": replica "" ${address}`],
  ['an impossible address', one('999.1.1.1:1'), `function "pi": replica "999.1.1.1:1" ${address}`],
  [
    'a negative weight',
    one('a:1', -1),
    'function "pi": weight of a:1: -1 is not allowed; allowed: a number from 0 to 1000000000',
  ],
  ['NaN', one('a:1', Number.NaN), 'function "pi": weight of a:1: NaN is not allowed; allowed: a number from 0'],
  ['infinity', one('a:1', Infinity), 'function "pi": weight of a:1: Infinity is not allowed; allowed: a number from 0'],
  [
    'more than three decimals',
    one('a:1', 0.0004),
    'function "pi": weight of a:1: 0.0004 is not allowed; allowed: 0, or at least 0.001',
  ],
  [
    'a replica twice',
    [{ name: 'pi', replicas: [...one('a:1')[0]!.replicas, ...one('a:1')[0]!.replicas] }],
    'function "pi": replica a:1 is there twice; allowed: each address once',
  ],
])('%s is refused', (_, functions, problem) => {
  expect(functionsProblem(functions)).toContain(problem);
});
