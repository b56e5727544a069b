import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCertificates } from '@galileo/testkit';
import { createSchedule, scheduleHash } from '@galileo/workload';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRecordingTerminal } from '../../test/recording-terminal.ts';
import { runCli } from '../cli.ts';
import { readExperimentFile } from '../experiment-file.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'galileo-profile-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function profile(...args: readonly string[]) {
  const terminal = createRecordingTerminal();
  const { signal } = new AbortController();
  const app = { terminal, env: {}, interrupts: { first: signal, second: signal }, directory, user: 'ada' };
  const code = await runCli(['profile', ...args], app);
  return { code, stdout: terminal.stdout, stderr: terminal.stderr };
}

const sine = ['sine', '--max-rps', '50', '--period', '30s', '--duration', '2m', '--seed', '1'];
const arrival = {
  kind: 'profile',
  name: 'sine',
  parameters: { max_rps: 50, min_rps: 0, period: 30, phase: 0 },
  rates: [],
  process: 'poisson',
} as const;
const expected = scheduleHash(createSchedule({ arrival, seed: 1, duration: 120 }));

describe('galileo profile', () => {
  it('shows the rate, the arrivals, their number and their hash', async () => {
    const { code, stdout } = await profile(...sine);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^sine {2}max_rps 50, min_rps 0, period 30, phase 0, poisson, seed 1\n/);
    expect(stdout).toContain('Rate, requests per second\n');
    expect(stdout).toMatch(/Arrivals per second, in parts of [\d.]+ s\n/);
    expect(stdout).toContain(`requests   ${expected.requests.toLocaleString('en-US')} in 120 s`);
    expect(stdout).toContain(`hash       ${expected.hash}\n`);
  });

  it('prints the same as JSON', async () => {
    const { stdout } = await profile(...sine, '--json');
    const found = JSON.parse(stdout) as { buckets: { width: number; rates: number[]; arrivals: number[] } };
    expect(found).toMatchObject({ profile: 'sine', process: 'poisson', seed: 1, duration: 120, ...expected });
    const { width, rates, arrivals } = found.buckets;
    expect(arrivals.reduce((sum, rate) => sum + rate * width, 0)).toBeCloseTo(expected.requests, 6);
    expect(rates.reduce((sum, rate) => sum + rate * width, 0)).toBeCloseTo(3000, 4);
  });

  for (const ending of ['pkl', 'csv', 'json', 'ndjson']) {
    it(`saves gaps that give the same schedule when they are played: .${ending}`, async () => {
      const file = join(directory, `gaps.${ending}`);
      expect((await profile(...sine, '--out', file)).stderr).toBe(`saved ${file}\n`);
      const shown = JSON.parse((await profile('show', file, '--json')).stdout) as { hash: string; requests: number };
      expect(shown).toMatchObject(expected);
    });
  }

  it('saves a plot', async () => {
    const file = join(directory, 'plot.svg');
    await profile(...sine, '--svg', file);
    const svg = await readFile(file, 'utf8');
    expect(svg).toMatch(/^<svg xmlns=.*<\/svg>\n$/s);
    expect(svg).not.toContain('NaN');
  });

  it('makes every kind of profile', async () => {
    const rates = join(directory, 'rates.csv');
    await writeFile(rates, 'rps\n10\n0\n30\n');
    const kinds: readonly (readonly string[])[] = [
      ['constant', '--rps', '20', '--requests', '50'],
      ['ramp', '--to-rps', '20', '--over', '5s', '--duration', '10s'],
      ['steps', '--rates', '10,0, 2.5', '--interval', '2s', '--process', 'even'],
      ['randomwalk', '--max-rps', '20', '--sigma-rps', '3', '--interval', '1s', '--walk-seed', '4', '--duration', '20s'],
      ['spike', '--base-rps', '1', '--peak-rps', '100', '--at', '0', '--length', '1s', '--duration', '9s'],
      ['recorded', rates, '--interval', '1s'],
    ];
    for (const args of kinds) {
      const { code, stdout, stderr } = await profile(...args);
      expect({ code, stderr }, args[0]).toEqual({ code: 0, stderr: '' });
      expect(stdout).toMatch(/requests {3}[1-9]/);
    }
    expect((await profile(...kinds[2]!)).stdout).toContain('requests   24 in 6 s');
  });

  it('refuses more requests than can be drawn', async () => {
    const { code, stderr } = await profile('constant', '--rps', '1000000', '--duration', '1h', '--process', 'even');
    expect(code).toBe(1);
    expect(stderr).toMatch(/more than 10000000 requests, the most that can be drawn/);
  });

  it('names line and file of a bad recording', async () => {
    const file = join(directory, 'bad.csv');
    await writeFile(file, '1\n2\nx\n');
    expect(await profile('show', file)).toEqual({
      code: 2,
      stdout: '',
      stderr: `${file}: line 3: found "x"; allowed: a finite number\n`,
    });
  });

  const python = spawnSync('python3', ['--version']).status === 0;
  it.skipIf(!python)('saves a pickle that Python reads (skipped without python3)', async () => {
    const file = join(directory, 'python.pkl');
    await profile(...sine, '--out', file);
    const program = 'import pickle, sys; x = pickle.load(open(sys.argv[1], "rb")); print(type(x[0]).__name__, len(x))';
    expect(spawnSync('python3', ['-c', program, file]).stdout.toString()).toBe(`float ${expected.requests}\n`);
  });
});

describe('an experiment file that names a recording', () => {
  const text = (recorded: string) => `name: x
duration: 10s
services: [{ name: pi, process: { command: [a] } }]
workloads:
  - service: pi
    request: { path: / }
    arrival: { recorded: ${recorded} }
`;

  it('is read with its numbers, relative to itself', async () => {
    await writeFile(join(directory, 'ok.csv'), '0.5\n1\n');
    const file = join(directory, 'x.yaml');
    await writeFile(file, text('ok.csv'));
    const { spec, recordings } = await readExperimentFile(file, {});
    expect(spec.workloads[0]!.arrival).toEqual({ kind: 'recorded', gaps: [0.5, 1] });
    expect(recordings).toEqual({ 'ok.csv': [0.5, 1] });
  });

  it('is refused, with line and field, if the numbers are wrong or not there', async () => {
    const file = join(directory, 'y.yaml');
    await writeFile(join(directory, 'wrong.csv'), '0.5\nx\n');
    await writeFile(file, text('wrong.csv'));
    await expect(readExperimentFile(file, {})).rejects.toThrow(
      `${file}:7:26: workloads[0].arrival.recorded: "wrong.csv": line 2: found "x"; allowed: a finite number`,
    );
    await writeFile(file, text('none.pkl'));
    await expect(readExperimentFile(file, {})).rejects.toThrow('workloads[0].arrival.recorded: "none.pkl": no such file');
  });

  it('is read with the certificates that it names, which are handed in', async () => {
    const { ca } = await createCertificates(join(directory, 'tls'));
    const pem = await readFile(ca);
    const file = join(directory, 'z.yaml');
    const secure = text('ok.csv').replace('path: /', 'path: /, scheme: https, tls: { ca_file: tls/ca.crt }');
    await writeFile(join(directory, 'ok.csv'), '0.5\n');
    await writeFile(file, secure);
    const { spec, files } = await readExperimentFile(file, {});
    expect(spec.workloads[0]!.request).toHaveProperty('options.tls.ca', pem.toString());
    expect(files).toEqual({ 'tls/ca.crt': pem });
    await writeFile(file, secure.replace('ca.crt', 'no.crt'));
    await expect(readExperimentFile(file, {})).rejects.toThrow('request.tls.ca_file: "tls/no.crt": no such file');
  });
});
