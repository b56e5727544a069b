import type { NetworkInterfaceInfo } from 'node:os';
import { expect, test } from 'vitest';
import { advertised, joinAddress, listenError, loopbackOf, splitAddress } from './addresses.ts';

test.each([
  ['127.0.0.1:80', '127.0.0.1', 80],
  ['[::1]:0', '::1', 0],
  ['a.b:65535', 'a.b', 65535],
])('%s is taken apart and put together again', (address, host, port) => {
  expect(splitAddress(address)).toEqual({ host, port });
  expect(joinAddress(host, port)).toBe(address);
});

const entry = (address: string, internal = false) =>
  ({ address, internal, family: address.includes(':') ? 'IPv6' : 'IPv4' }) as NetworkInterfaceInfo;
const interfaces = { lo: [entry('127.0.0.1', true)], eth0: [entry('fe80::1'), entry('2001:db8::7'), entry('10.0.0.7')] };

test.each([
  ['the host that is listened on', undefined, '10.1.1.1:5', '10.1.1.1:5'],
  ['the loopback where only that is listened on', undefined, '127.0.0.1:5', '127.0.0.1:5'],
  ['the first IPv4 address of the machine for all of IPv4', undefined, '0.0.0.0:5', '10.0.0.7:5'],
  ['the first address that is more than link-local for all', undefined, '[::]:5', '[2001:db8::7]:5'],
  ['the host that was told, whatever is listened on', 'worker-1', '127.0.0.1:5', 'worker-1:5'],
  ['an IPv6 address that was told, in brackets', '2001:db8::9', '0.0.0.0:5', '[2001:db8::9]:5'],
  ['an IPv6 address that was told in brackets', '[2001:db8::9]', '0.0.0.0:5', '[2001:db8::9]:5'],
])('a service is advertised under %s', (_, advertiseHost, address, expected) => {
  expect(advertised({ advertiseHost }, address, interfaces)).toBe(expected);
});

test('a machine without a network is advertised on its loopback', () => {
  expect(advertised({}, '0.0.0.0:5', { lo: interfaces.lo })).toBe('127.0.0.1:5');
  expect(loopbackOf('::')).toBe('::1');
});

test('what keeps gRPC from listening is told without its wrapping', () => {
  const error = new Error(
    'No address added out of total 1 resolved errors: [listen EADDRINUSE: address already in use 1.2.3.4:5]',
  );
  expect(listenError('x_listen', '1.2.3.4:5', error).problems).toEqual([
    'x_listen: "1.2.3.4:5" can\'t be listened on: listen EADDRINUSE: address already in use 1.2.3.4:5; allowed: an address of this machine with a free port',
  ]);
});
