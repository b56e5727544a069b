import { expect, test } from 'vitest';
import { createRecordingTerminal } from '../test/recording-terminal.ts';
import { runCli } from './cli.ts';

/** Runs a command that needs no other process in this one. */
async function run(args: readonly string[]) {
  const terminal = createRecordingTerminal();
  const { signal } = new AbortController();
  const app = { terminal, env: {}, interrupts: { first: signal, second: signal }, directory: '/', user: 'ada' };
  const code = await runCli(args, app);
  return { code, stdout: terminal.stdout, stderr: terminal.stderr };
}

test.each<[string, string[], RegExp]>([
  ['an unknown command, with a suggestion', ['rnu'], /unknown command 'rnu'\n\(Did you mean run\?\)/],
  ['an unknown command of a group, with a suggestion', ['experiments', 'sl'], /unknown command 'sl'\n\(Did you mean ls\?\)/],
  ['an unknown flag, with a suggestion', ['run', 'x.yaml', '--jsn'], /unknown option '--jsn'\n\(Did you mean --json\?\)/],
  ['a missing argument', ['run'], /missing required argument 'file'/],
  ['too many arguments', ['report', 'a', 'b'], /too many arguments/],
  ['an address that is none', ['report', 'a', '--orchestrator', 'b'], /argument 'b' is invalid\. Allowed: HOST:PORT/],
  [
    'flags that exclude each other',
    ['report', 'a', '--orchestrator', 'b:1', '--local'],
    /'--local' cannot be used with option '--orchestrator/,
  ],
  ['a limit that is none', ['experiments', 'ls', '--limit', '0'], /argument '0' is invalid\. Allowed: a whole number from 1/],
  ['a recorder that is none', ['record', '--recorder', 'x'], /argument 'x' is invalid\. Allowed: HOST:PORT/],
  ['two recorders', ['ledger', 'latest', '--recorder', 'a:1', '--local'], /'--local' cannot be used with option '--recorder/],
  ['a name that is too long', ['record', '--name', 'x'.repeat(101)], /Found 101 characters; allowed: 1 to 100\./],
  [
    'kinds that are none',
    ['record', '--kinds', 'traces,spans'],
    /'traces,spans' is invalid\. Allowed: some of traces, telemetry, events/,
  ],
  [
    'a duration without a meaning',
    ['record', '--duration', 'soon'],
    /'soon' is invalid\. Allowed: a duration such as 500ms, 2s or 1m/,
  ],
  ['a duration that no timer knows', ['record', '--duration', '2000001'], /at least 0\.001 s, at most 2000000 s\./],
  [
    'metadata that are no JSON',
    ['record', '--metadata', '{a}'],
    /'\{a\}' is invalid\. It is no JSON \(.*allowed: a JSON object, or @FILE/,
  ],
  [
    'metadata that are no object',
    ['record', '--metadata', '[1]'],
    /'\[1\]' is invalid\. Allowed: a JSON object, or @FILE with one\./,
  ],
  [
    'a file of metadata that is missing',
    ['record', '--metadata', '@/nowhere'],
    /'@\/nowhere' is invalid\. The file can't be read: ENOENT/,
  ],
  ['a profile without what it needs', ['profile', 'sine', '--max-rps', '5'], /required option '--period <SPAN>' not specified/],
  ['a rate that is none', ['profile', 'constant', '--rps', '-1'], /'-1' is invalid\. Allowed: a number of requests per second/],
  [
    'a profile without an end',
    ['profile', 'constant', '--rps', '1'],
    /^galileo: neither requests nor duration is given: the schedule would have no end$/m,
  ],
  [
    'a profile upside down',
    ['profile', 'sine', '--max-rps', '1', '--min-rps', '2', '--period', '1s', '--duration', '5s'],
    /sine: min_rps: found 2; allowed: a number from 0 to max_rps = 1/,
  ],
  [
    'a file of a kind that is not known',
    ['profile', 'constant', '--rps', '1', '--duration', '1s', '--out', 'a.txt'],
    /found the ending "\.txt"; allowed: \.pkl, \.csv, \.json, \.ndjson/,
  ],
  ['a recording that is missing', ['profile', 'show', '/nowhere/a.pkl'], /^\/nowhere\/a\.pkl: no such file$/m],
  ['no command at all', [], /Usage: galileo/],
])('exit 2 and a line on stderr for %s', async (_, args, message) => {
  const { code, stdout, stderr } = await run(args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(message);
});

test.each([
  [['--help']],
  [['run', '--help']],
  [['experiments', 'ls', '--help']],
  [['help', 'report']],
  [['record', '--help']],
  [['ledger', '--help']],
  [['recordings', 'ls', '--help']],
  [['recordings', 'stop', '--help']],
  [['profile', '--help']],
  [['profile', 'sine', '--help']],
  [['profile', 'recorded', '--help']],
  [['profile', 'show', '--help']],
])('%j tells with examples', async args => {
  const { code, stdout, stderr } = await run(args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^Usage: galileo/);
  expect(stdout).toMatch(/Examples:\n {2}galileo /);
});

test('schema prints the JSON Schema of experiment files', async () => {
  const { code, stdout } = await run(['schema']);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ type: 'object', properties: { workloads: {} } });
});

test('a wrong variable of the environment is named', async () => {
  const terminal = createRecordingTerminal();
  const { signal } = new AbortController();
  const env = { galileo_orchestrator: 'nowhere' };
  const app = { terminal, env, interrupts: { first: signal, second: signal }, directory: '/', user: 'ada' };
  expect(await runCli(['report', 'latest'], app)).toBe(2);
  expect(terminal.stderr).toMatch(/^galileo: galileo_orchestrator: "nowhere" is not allowed; allowed: HOST:PORT/);
});
