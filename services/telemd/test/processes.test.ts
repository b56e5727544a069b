import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '@galileo/testkit';
import { expect, test } from 'vitest';
import { createScratch } from '../src/kernel-file.ts';
import { readKernelUnits } from '../src/processes/auxiliary-vector.ts';
import { createProcessTable } from '../src/processes/process-table.ts';
import { startBurner } from './burner.ts';

const openTable = () =>
  createProcessTable({ procRoot: '/proc', units: readKernelUnits('/proc', process.arch), scratch: createScratch() });

test("the CPU time of a process agrees with the process's own account; its memory is plausible", async () => {
  await using burner = await startBurner(30);
  using table = openTable();
  table.replace([{ name: 'a', pid: burner.pid }]);
  const [first] = table.read();
  const before = await burner.used();
  await sleep(1500);
  const [second] = table.read();
  const after = await burner.used();
  const measured = (second!.cpu - first!.cpu) / 1e9;
  // The kernel counts clock ticks of 10 ms, and some time passes between the two questions.
  expect(Math.abs(measured - (after - before))).toBeLessThan(0.1 + 0.1 * (after - before));
  expect(second!.rss).toBeGreaterThan(10e6);
  expect(second!.rss).toBeLessThan(1e9);
});

/** Burns a tenth of a second and says in the end how many CPU seconds it has used in all. */
const burn = `
  const used = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1e6; };
  const until = used() + 0.1;
  while (used() < until) for (const end = performance.now() + 5; performance.now() < end; );
  console.log(used());
`;

test('a tree of processes is summed, with those that have ended, and the sum never falls', async () => {
  // Two at once, two one after the other in a shell of their own; then the shell waits for us.
  const script = '("$0" -e "$1"; "$0" -e "$1") & "$0" -e "$1" & "$0" -e "$1" & wait; echo done; read line';
  const child = spawn('sh', ['-c', script, process.execPath, burn], { stdio: ['pipe', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', chunk => {
    output += chunk;
  });
  using table = openTable();
  table.replace([{ name: 'tree', pid: child.pid! }]);
  const seen: number[] = [];
  let largest = 0;
  const look = () => {
    const [usage] = table.read();
    seen.push(usage!.cpu / 1e9);
    largest = Math.max(largest, usage!.rss);
    return output.endsWith('done\n');
  };
  // A busy machine takes its time; this asserts sums, not speed.
  await until('all have burned', look, 25);
  const sum = output
    .split('\n')
    .map(Number)
    .filter(Boolean)
    .reduce((total, used) => total + used, 0);
  const [last] = table.read();
  expect(seen).toEqual([...seen].sort((one, other) => one - other));
  // Clock ticks of 10 ms below; above, what each of them takes to end, and the shells.
  expect(last!.cpu / 1e9).toBeGreaterThan(sum - 0.1);
  expect(last!.cpu / 1e9).toBeLessThan(sum + 1);
  expect(sum).toBeGreaterThan(0.39);
  expect(largest).toBeGreaterThan(40e6);
  child.stdin.end('\n');
  await once(child, 'exit');
  expect(table.read()).toEqual([]);
});

test('a process without a name is kept apart from its ancestor and not reported', async () => {
  const child = spawn('sh', ['-c', '"$0" -e "console.log(process.pid); setInterval(() => {}, 1000)" & wait', process.execPath], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  try {
    const [line] = await once(child.stdout.setEncoding('utf8'), 'data');
    using table = openTable();
    table.replace([{ name: 'shell', pid: child.pid! }]);
    const [whole] = table.read();
    expect(whole!.rss).toBeGreaterThan(30e6);
    table.replace([
      { name: 'shell', pid: child.pid! },
      { name: '', pid: Number(line) },
    ]);
    const usages = table.read();
    expect(usages).toHaveLength(1);
    expect(usages[0]!.rss).toBeLessThan(10e6);
  } finally {
    process.kill(-child.pid!, 'SIGKILL');
    await once(child, 'exit');
  }
});
