import { expect, test } from 'vitest';
import { shareProcesses } from './observation.ts';

const processes = [
  { name: 'pi-0', pid: 1, node: 'node-a' },
  { name: 'pi-1', pid: 2, node: 'elsewhere' },
  { name: 'orchestrator', pid: 3 },
];

test.for([
  { what: 'its node', nodes: ['node-b', 'node-a'], machine: 'me', shares: ['pi-1 orchestrator', 'pi-0'] },
  { what: "the machine's own name", nodes: ['node-a', 'me'], machine: 'me', shares: ['pi-0', 'pi-1 orchestrator'] },
  { what: 'the only one', nodes: ['x'], machine: 'me', shares: ['pi-0 pi-1 orchestrator'] },
  { what: 'nobody where there is none', nodes: [], machine: 'me', shares: [] },
])('a process is followed by one agent: that of $what', ({ nodes, machine, shares }) => {
  expect(shareProcesses(processes, nodes, machine).map(share => share.map(({ name }) => name).join(' '))).toEqual(shares);
});
