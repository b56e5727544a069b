import { spawnSync } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '@galileo/testkit';
import { describe, expect, test } from 'vitest';
import { experimentFile } from './experiments.ts';
import { galileo, root } from './galileo.ts';

/** Writes a file into a directory that is removed after the test. */
async function fileIn(directory: string, text: string, name = 'small.yaml'): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, text);
  return path;
}

const badFile = experimentFile({
  duration: '-20s',
  warmupp: '5s',
  workloads: `
  - service: wep
    clients: 2
    request: { path: / }
    arrival: { distribution: expo, parameters: [25] }`,
});

describe('a bad file', () => {
  test.each(['validate', 'run'])(
    '%s names all problems with line and column on stderr, exit 2, and starts nothing',
    async command => {
      await using directory = await temporaryDirectory();
      const file = await fileIn(directory.path, badFile);
      const dataDir = join(directory.path, 'data');
      const { code, stdout, stderr } = await galileo([command, file], { galileo_data_dir: dataDir });
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      for (const field of ['duration', 'warmupp', 'workloads[0].service', 'workloads[0].arrival.distribution']) {
        expect(stderr).toMatch(new RegExp(`^${file}:\\d+:\\d+: ${field.replace(/[[\].]/g, '\\$&')}: found .*allowed: `, 'm'));
      }
      expect(await readdir(directory.path)).toEqual(['small.yaml']);
    },
  );

  test('one that is missing is named', async () => {
    expect(await galileo(['run', '/nowhere/pi.yaml'])).toEqual({
      code: 2,
      stdout: '',
      stderr: '/nowhere/pi.yaml: no such file\n',
    });
  });

  test('does not keep the others from being checked', async () => {
    await using directory = await temporaryDirectory();
    const [bad, good] = [await fileIn(directory.path, badFile, 'bad.yaml'), await fileIn(directory.path, experimentFile())];
    const { code, stdout } = await galileo(['validate', bad, good]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: `${good}: OK (small)\n` });
  });
});

describe('--dry-run', () => {
  test('prints placement and the first arrivals, and starts nothing', async () => {
    await using directory = await temporaryDirectory();
    const file = await fileIn(directory.path, experimentFile());
    const { code, stdout, stderr } = await galileo(['run', file, '--dry-run'], {
      galileo_data_dir: join(directory.path, 'data'),
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/web-0 +node-a +main +3 +node -e/);
    expect(stdout).toMatch(/web-1 +node-b +main +1 +node -e/);
    expect(stdout).toContain('198 requests of 2 clients, seed 7');
    expect(stdout).toContain('0.020000 0.040000 0.060000');
    expect(await readdir(directory.path)).toEqual(['small.yaml']);
  });

  test('as one JSON object; the same seed gives the same arrivals', async () => {
    await using directory = await temporaryDirectory();
    const workloads = `
  - { service: web, clients: 2, request: { path: / }, arrival: { distribution: expovariate, parameters: [50] } }`;
    const file = await fileIn(directory.path, experimentFile({ workloads }));
    const [one, other] = await Promise.all([
      galileo(['run', file, '--dry-run', '--json']),
      galileo(['run', file, '--dry-run', '--json']),
    ]);
    expect(one.stdout).toBe(other.stdout);
    const plan = JSON.parse(one.stdout);
    expect(plan.placement).toHaveLength(2);
    expect(plan.schedule_hash).toMatch(/^[0-9a-f]{64}$/);
    expect(plan.clients.map((client: { exact: boolean; arrivals: number[] }) => [client.exact, client.arrivals.length])).toEqual([
      [true, 10],
      [true, 10],
    ]);
    expect(plan.clients[0].arrivals).not.toEqual(plan.clients[1].arrivals);
  });

  test('knows no arrivals of a closed loop', async () => {
    await using directory = await temporaryDirectory();
    const workloads = `
  - { service: web, request: { path: / }, arrival: { concurrency: 8 } }
  - { service: web, request: { path: / }, arrival: { requests: 30 } }`;
    const file = await fileIn(directory.path, experimentFile({ workloads }));
    const [text, json] = await Promise.all([galileo(['run', file, '--dry-run']), galileo(['run', file, '--dry-run', '--json'])]);
    expect(text.stdout).toContain('30 requests, and as many as are answered, of 2 clients, seed 7');
    expect(text.stdout).toContain('0  web (main): closed loop, 8 at a time\n');
    expect(text.stdout).toContain('1  web (main): closed loop, 1 at a time, 30 requests\n');
    const plan = JSON.parse(json.stdout);
    expect(plan.schedule_hash).toBeNull();
    expect(plan.clients).toMatchObject([
      { requests: null, concurrency: 8, arrivals: [], hash: null },
      { requests: 30, concurrency: 1, arrivals: [], hash: null },
    ]);
  });

  test('shows the name of a variable in place of its value', async () => {
    await using directory = await temporaryDirectory();
    const file = await fileIn(directory.path, experimentFile().replace('[node,', `[node, "--key=\${env:API_KEY}",`));
    for (const flags of [[], ['--json']]) {
      const { stdout } = await galileo(['run', file, '--dry-run', ...flags], { API_KEY: 'planted "secret"' });
      expect(stdout).toContain('--key=[API_KEY]');
      expect(stdout).not.toContain('planted');
    }
  });

  test('says that a file without a seed gives other arrivals each time', async () => {
    await using directory = await temporaryDirectory();
    const file = await fileIn(directory.path, experimentFile().replace('seed: 7\n', ''));
    expect((await galileo(['run', file, '--dry-run'])).stderr).toContain('the file has no seed');
  });
});

test('the exit code and the streams are those of the process', async () => {
  expect(await galileo(['run'])).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringMatching(/^galileo: missing required argument/),
  });
  expect(await galileo(['--version'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), stderr: '' });
});

test('an orchestrator that does not answer is named, with what to do', async () => {
  const { code, stdout, stderr } = await galileo(['experiments', 'ls'], { galileo_orchestrator: '127.0.0.1:1' });
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^galileo: no orchestrator answers: nobody listens on 127\.0\.0\.1:1; start one there .*\n$/);
});

test('a reader that goes away early is no error', () => {
  const command = `"${process.execPath}" services/shell/src/main.ts schema | head -c 1`;
  const { stdout, stderr } = spawnSync('bash', ['-o', 'pipefail', '-c', command], { cwd: root, encoding: 'utf8' });
  expect({ stdout, stderr }).toEqual({ stdout: '{', stderr: '' });
});
