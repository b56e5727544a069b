import { expect, test } from 'vitest';
import { createRoutingTable, type Route, RouteError, type RoutingTable } from './routing-table.ts';

const route = (service: string, hosts: string[], weights: number[]): Route => ({ service, hosts, weights });
const picks = (table: RoutingTable, service: string, count: number) => Array.from({ length: count }, () => table.pick(service));

test('hosts are picked by weight, per service', () => {
  const table = createRoutingTable();
  table.replace([route('pi', ['a', 'b'], [1, 2]), route('other', ['c'], [1])]);
  expect(picks(table, 'pi', 4)).toEqual(['b', 'a', 'b', 'b']);
  expect(picks(table, 'other', 2)).toEqual(['c', 'c']);
  expect(table.services()).toEqual(['pi', 'other']);
});

test('a service that is unknown, has no hosts or only weights below 1 has no host', () => {
  const table = createRoutingTable();
  table.replace([route('zero', ['a', 'b'], [0.5, 0]), route('empty', [], [])]);
  for (const service of ['zero', 'empty', 'unknown']) expect(table.pick(service)).toBeUndefined();
});

test('a new table leaves the rounds of unchanged services alone, keeps the position of changed ones and forgets the rest', () => {
  const table = createRoutingTable();
  table.replace([route('same', ['a', 'b'], [2, 1]), route('changed', ['a', 'b'], [2, 1]), route('gone', ['a'], [1])]);
  expect(picks(table, 'same', 1)).toEqual(['a']);
  expect(picks(table, 'changed', 3)).toEqual(['a', 'a', 'b']);
  table.replace([route('same', ['a', 'b'], [2, 1]), route('changed', ['a', 'b'], [1, 4])]);
  expect(picks(table, 'same', 2)).toEqual(['a', 'b']);
  expect(picks(table, 'changed', 4)).toEqual(['b', 'b', 'b', 'a']);
  expect(table.pick('gone')).toBeUndefined();
});

test('the table does not follow later changes of the arrays that it was given', () => {
  const table = createRoutingTable();
  const hosts = ['a'];
  table.replace([route('pi', hosts, [1])]);
  hosts[0] = 'b';
  expect(table.pick('pi')).toBe('a');
});

test.each([
  ['a negative weight', [route('pi', ['a'], [-1])], 'route of "pi": weight of a: -1 is not allowed'],
  ['too few weights', [route('pi', ['a', 'b'], [1])], 'route of "pi": found 1 weights for 2 hosts'],
  ['a service twice', [route('pi', ['a'], [1]), route('pi', ['b'], [1])], 'route of "pi": found twice'],
  ['no name', [route('', ['a'], [1])], 'route of "": the service has no name'],
])('%s is refused and the old table stays', (_, routes, message) => {
  const table = createRoutingTable();
  table.replace([route('old', ['a'], [1])]);
  expect(() => table.replace([route('new', ['b'], [1]), ...routes])).toThrow(message);
  expect(() => table.replace(routes)).toThrow(RouteError);
  expect(table.services()).toEqual(['old']);
  expect(table.pick('old')).toBe('a');
});
