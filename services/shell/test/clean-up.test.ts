import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '@galileo/testkit';
import { describe, expect, test } from 'vitest';
import { type Running, startGalileo } from './galileo.ts';
import { familyOf, running } from './processes.ts';
import { listed, workplace } from './workplace.ts';

/** Waits until the command's experiment generates load. @returns the standalone with all its descendants */
async function underLoad(command: Running, dataDir: string): Promise<number[]> {
  await until(`the load is on; stderr: ${command.stderr()}`, () => /^running /m.test(command.stderr()), 60);
  const { pid } = JSON.parse(await readFile(join(dataDir, 'standalone.json'), 'utf8'));
  const family = familyOf(pid);
  // Guard, a replica, load balancer and client at least.
  expect(family.length).toBeGreaterThanOrEqual(5);
  return family;
}

describe.concurrent('nothing is left behind', { timeout: 120_000 }, () => {
  test.each(['SIGINT', 'SIGTERM'] as const)('by %s: cancelled, a report of what was recorded, exit 130', async signal => {
    await using place = await workplace({ duration: '60s' });
    const command = startGalileo(['run', place.file], place.env);
    const family = await underLoad(command, place.dataDir);
    command.child.kill(signal);
    // npm passes the signal on once more.
    command.child.kill(signal);
    const { code, stdout } = await command.outcome;
    expect(code).toBe(130);
    expect(stdout).toMatch(/^small {2}\S+ {2}CANCELLED/);
    expect(stdout).toMatch(/traces +\d+ +\d+ +0 +0 +balanced/);
    expect(running(family)).toEqual([]);
  });

  test('by a second SIGINT, which ends the waiting for requests in flight', async () => {
    const silent = "require('node:http').createServer(() => {}).listen(process.env.PORT, '127.0.0.1')";
    const services = `
  - name: web
    replicas: [{ node: node-a }]
    process: { command: [node, -e, ${JSON.stringify(silent)}], port: auto }`;
    await using place = await workplace({ duration: '60s', services });
    const command = startGalileo(['run', place.file], place.env);
    const family = await underLoad(command, place.dataDir);
    await until('requests are in flight', () => / [1-9]\d* in flight/.test(command.stderr()), 60);
    await until('the command has ended', () => command.child.kill('SIGINT') === false, 30);
    expect((await command.outcome).code).toBe(130);
    expect(command.stderr()).toContain('its end was not waited for');
    await until('all its processes have ended', () => running(family).length === 0, 60);
    expect(await listed(place.env)).toMatchObject([{ status: 'CANCELLED' }]);
  });

  test('by kill -9: the experiment is FAILED afterwards', async () => {
    await using place = await workplace({ duration: '60s' });
    const command = startGalileo(['run', place.file], place.env);
    const family = await underLoad(command, place.dataDir);
    command.child.kill('SIGKILL');
    await until('all its processes have ended', () => running(family).length === 0, 30);
    expect(await listed(place.env)).toMatchObject([{ status: 'FAILED' }]);
  });

  test('by kill -9 of the standalone: the command says so, and the experiment is FAILED afterwards', async () => {
    await using place = await workplace({ duration: '60s' });
    const command = startGalileo(['run', place.file, '--json'], place.env);
    const state = await until(
      'there is a standalone',
      async () => JSON.parse(await readFile(join(place.dataDir, 'standalone.json'), 'utf8')),
      60,
    );
    const family = await until(
      'the replicas run',
      () => {
        const found = familyOf(state.pid);
        return found.length >= 6 ? found : undefined;
      },
      60,
    );
    process.kill(state.pid, 'SIGKILL');
    const { code, stdout, stderr } = await command.outcome;
    expect(code).toBe(1);
    expect(stderr).toContain('has ended unexpectedly');
    expect(JSON.parse(stdout)).toMatchObject({ experiment: { name: 'small' }, verdict: { valid: false } });
    await until('all its processes have ended', () => running(family).length === 0, 30);
    expect(await listed(place.env)).toMatchObject([{ status: 'FAILED' }]);
  });
});
