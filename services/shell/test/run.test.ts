import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory, until } from '@galileo/testkit';
import { describe, expect, test } from 'vitest';
import { experimentFile } from './experiments.ts';
import { galileo, type Running, startGalileo } from './galileo.ts';
import { familyOf, running } from './processes.ts';

/** A place for one test: a file with an experiment and a data directory of its own. */
async function workplace(changes?: Readonly<Record<string, string>>) {
  const directory = await temporaryDirectory();
  const file = join(directory.path, 'small.yaml');
  await writeFile(file, experimentFile(changes));
  const dataDir = join(directory.path, 'data');
  return {
    file,
    dataDir,
    env: { galileo_data_dir: dataDir },
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

/** Waits until the command's experiment generates load. @returns the standalone with all its descendants */
async function underLoad(command: Running, dataDir: string): Promise<number[]> {
  await until(`the load is on; stderr: ${command.stderr()}`, () => /^running /m.test(command.stderr()), 25);
  const { pid } = JSON.parse(await readFile(join(dataDir, 'standalone.json'), 'utf8'));
  const family = familyOf(pid);
  // Guard, two replicas, load balancer and client at least.
  expect(family.length).toBeGreaterThanOrEqual(6);
  return family;
}

interface Listed {
  readonly id: string;
  readonly status: string;
}

async function listed(env: Readonly<Record<string, string>>): Promise<Listed[]> {
  const { code, stdout, stderr } = await galileo(['experiments', 'ls', '--json'], env);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

test('an experiment runs from the file to the JSON object, and can be reported, listed, shown and removed', async () => {
  await using place = await workplace({ thresholds: '["errors < 1%", "requests >= 198"]' });
  const outcome = await galileo(['run', place.file, '--json'], place.env);
  expect(outcome).toMatchObject({ code: 0, stderr: '' });
  const report = JSON.parse(outcome.stdout);
  const { id } = report.experiment;
  expect(report.experiment).toMatchObject({ name: 'small', status: 'FINISHED' });
  expect(report.verdict).toEqual({ valid: true, reasons: [] });
  expect(report.ledger.traces).toEqual({ produced: 198, stored: 198, rejected: 0, lost: 0 });
  for (const { produced, stored, rejected, lost } of Object.values<Record<string, number>>(report.ledger)) {
    expect(produced).toBe(stored! + rejected! + lost!);
  }
  expect(report.ledger.telemetry.stored).toBeGreaterThan(0);
  expect(report.thresholds).toEqual([
    { expression: 'errors < 1%', value: 0, passed: true },
    { expression: 'requests >= 198', value: 198, passed: true },
  ]);
  const { web } = report.services;
  expect(web).toMatchObject({ requests: 198, errors: 0 });
  expect(web.replicas.map((replica: { node: string; weight: number }) => [replica.node, replica.weight])).toEqual([
    ['node-a', 3],
    ['node-b', 1],
  ]);
  const shares = web.replicas.map((replica: { requests: number }) => replica.requests);
  expect(shares[0] + shares[1]).toBe(198);
  expect(Math.abs(shares[0] - 148.5)).toBeLessThanOrEqual(1.5);
  for (const { cpu, memory } of web.replicas) {
    expect(cpu).toBeGreaterThan(0);
    expect(memory).toBeGreaterThan(1e6);
  }

  const again = await galileo(['report', 'latest', '--json'], place.env);
  expect(JSON.parse(again.stdout)).toEqual(report);
  const text = await galileo(['report', id.slice(0, -1)], place.env);
  expect(text).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('198 requests, 0 errors') });
  const { start, end } = report.experiment;
  expect(await listed(place.env)).toEqual([{ id, name: 'small', status: 'FINISHED', start, end }]);
  const shown = await galileo(['experiments', 'show', id, '--json'], place.env);
  expect(JSON.parse(shown.stdout)).toMatchObject({
    id,
    status: 'FINISHED',
    file: experimentFile({ thresholds: '["errors < 1%", "requests >= 198"]' }),
  });
  expect(await galileo(['experiments', 'rm', id], place.env)).toEqual({ code: 0, stdout: `removed ${id} (small)\n`, stderr: '' });
  expect(await listed(place.env)).toEqual([]);
  const gone = await galileo(['report', id], place.env);
  expect(gone).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/^galileo: .*\n$/) });
}, 60_000);

test('a threshold that does not hold is told by text and exit code 3', async () => {
  await using place = await workplace({ duration: '1s', thresholds: '["requests >= 1000000"]' });
  const { code, stdout, stderr } = await galileo(['run', place.file], place.env);
  expect(stdout).toMatch(/failed +requests >= 1000000 +98/);
  expect(stdout).toMatch(/^Verdict {2}VALID$/m);
  expect(stderr).toMatch(/^running /m);
  expect(code).toBe(3);
});

test('a target that never becomes ready fails the experiment with its last lines, exit 1', async () => {
  const services = `
  - name: web
    replicas: [{ node: node-a }]
    process: { command: [node, -e, "console.error('no luck today'); process.exit(5)"], port: auto, ready: { timeout: 5s } }`;
  await using place = await workplace({ services });
  const { code, stdout, stderr } = await galileo(['run', place.file, '--json'], place.env);
  expect(code).toBe(1);
  const { experiment, verdict, services: none } = JSON.parse(stdout);
  expect(experiment).toMatchObject({ status: 'FAILED', start: null });
  expect(verdict.valid).toBe(false);
  expect(none).toBeTypeOf('object');
  expect(stderr).toContain('no luck today');
});

describe('nothing is left behind', () => {
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

  test('by kill -9: the experiment is FAILED afterwards', async () => {
    await using place = await workplace({ duration: '60s' });
    const command = startGalileo(['run', place.file], place.env);
    const family = await underLoad(command, place.dataDir);
    command.child.kill('SIGKILL');
    await until('all its processes have ended', () => running(family).length === 0, 20);
    expect(await listed(place.env)).toMatchObject([{ status: 'FAILED' }]);
  });

  test('by kill -9 of the standalone: the command says so, and the experiment is FAILED afterwards', async () => {
    await using place = await workplace({ duration: '60s' });
    const command = startGalileo(['run', place.file, '--json'], place.env);
    const state = await until('there is a standalone', async () =>
      JSON.parse(await readFile(join(place.dataDir, 'standalone.json'), 'utf8')),
    );
    const family = await until('the replicas run', () => {
      const found = familyOf(state.pid);
      return found.length >= 6 ? found : undefined;
    });
    process.kill(state.pid, 'SIGKILL');
    const { code, stdout, stderr } = await command.outcome;
    expect(code).toBe(1);
    expect(stderr).toContain('has ended unexpectedly');
    expect(JSON.parse(stdout)).toMatchObject({ experiment: { name: 'small' }, verdict: { valid: false } });
    await until('all its processes have ended', () => running(family).length === 0, 20);
    expect(await listed(place.env)).toMatchObject([{ status: 'FAILED' }]);
  });
});

test('two commands at once join one standalone; one experiment waits for the other', async () => {
  await using place = await workplace({ duration: '1s' });
  const outcomes = await Promise.all([0, 1].map(() => galileo(['run', place.file, '--json'], place.env)));
  expect(outcomes.map(({ code, stderr }) => ({ code, stderr }))).toEqual([
    { code: 0, stderr: '' },
    { code: 0, stderr: '' },
  ]);
  const [one, other] = outcomes.map(({ stdout }) => JSON.parse(stdout).experiment).sort((a, b) => a.start - b.start);
  expect(one.id).not.toBe(other.id);
  expect(other.start).toBeGreaterThanOrEqual(one.end);
  expect(new Set((await listed(place.env)).map(({ id }) => id))).toEqual(new Set([one.id, other.id]));
}, 60_000);
