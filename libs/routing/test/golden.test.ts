import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createRoutingTable } from '../src/index.ts';

interface Vector {
  readonly input: readonly [hosts: string[], weights: number[]];
  readonly value: readonly string[];
}

const lines = readFileSync(new URL('./fixtures/wrr.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n');

describe('picks that the Python balancer made', () => {
  test.each(lines.map(line => JSON.parse(line) as Vector))('$input', ({ input: [hosts, weights], value }) => {
    const table = createRoutingTable();
    table.replace([{ service: 'service', hosts, weights }]);
    // Where Python raises because all weights are 0, ours has no host.
    const expected = value.map(pick => (pick.startsWith('!') ? undefined : pick));
    expect(value.map(() => table.pick('service'))).toEqual(expected);
  });
});
