import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { openLocal } from '@galileo/sdk';
import { freePort, serviceFile, startService, temporaryDirectory, until } from '@galileo/testkit';
import { expect, test } from 'vitest';
import { galileo, startGalileo } from './galileo.ts';
import { familyOf, running } from './processes.ts';
import { listed } from './workplace.ts';

/** A recorder, and the telemetry agent of a node that sends it some twenty samples a second, each a process. */
async function workplace() {
  const stack = new AsyncDisposableStack();
  const { path } = stack.use(await temporaryDirectory());
  const recorder = `127.0.0.1:${await freePort()}`;
  const sqlitePath = join(path, 'galileo.db');
  const common = { galileo_bus: 'direct', galileo_token: 'secret' };
  const startRecorder = async () => {
    const environment = { ...common, galileo_grpc_listen: recorder, galileo_expdb_sqlite_path: sqlitePath };
    const service = stack.use(await startService('recorder', environment));
    await service.ready();
    return service;
  };
  const service = await startRecorder();
  const agent = stack.use(
    await startService('telemd', {
      ...common,
      galileo_grpc_listen: '127.0.0.1:0',
      galileo_recorder: recorder,
      telemd_nodename: 'node-a',
    }),
  );
  await agent.ready();
  return {
    path,
    sqlitePath,
    env: { galileo_recorder: recorder, galileo_token: 'secret' },
    service,
    agent,
    startRecorder,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** Waits until the command's recording has begun. */
const begun = (command: ReturnType<typeof startGalileo>) =>
  until('the recording has begun', () => /^recording /m.test(command.stderr()), 30);

test.concurrent('records for a while and prints one JSON object, which the recorder has afterwards as well', {
  timeout: 60_000,
}, async () => {
  await using place = await workplace();
  const notes = join(place.path, 'notes.json');
  await writeFile(notes, '{"purpose": "a try"}');
  const flags = ['--name', 'a try', '--creator', 'ada', '--metadata', `@${notes}`, '--kinds', 'telemetry,events'];
  const { code, stdout, stderr } = await galileo(['record', '--json', '--duration', '1500ms', ...flags], place.env);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const found = JSON.parse(stdout);
  const { recording, ledger } = found;
  expect(recording).toMatchObject({ name: 'a try', creator: 'ada', state: 'ended' });
  expect(recording.end - recording.start).toBeGreaterThanOrEqual(1.4);
  const { stored, ...telemetry } = ledger.telemetry;
  expect(stored).toBeGreaterThan(0);
  expect(telemetry).toEqual({ produced: stored, rejected: 0, lost: 0, unverified: 0, unsettled: 0 });
  expect(ledger.traces.produced).toBeNull();
  expect(found).toMatchObject({ reconciliation: { final: true, mismatches: [], missing_producers: [] }, complete: true });

  const again = await galileo(['ledger', 'latest', '--json'], place.env);
  expect(again.code).toBe(0);
  expect(JSON.parse(again.stdout)).toEqual(found);
  const text = await galileo(['ledger', recording.id.slice(0, -1)], place.env);
  expect(text).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/^a try {2}\S+ {2}ended .*, took \d/) });
  expect(text.stdout).toMatch(new RegExp(`telemetry +${stored} +${stored} +0 +0 +balanced`));
  const list = await galileo(['recordings', 'ls', '--json'], place.env);
  expect(JSON.parse(list.stdout)).toEqual([found]);
  const unknown = await galileo(['ledger', 'nothing'], place.env);
  expect(unknown).toMatchObject({ code: 1, stdout: '', stderr: 'galileo: there is no recording "nothing"\n' });
  const denied = await galileo(['ledger', 'latest'], { ...place.env, galileo_token: 'wrong' });
  expect(denied).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^galileo: the recorder refuses the call: .*galileo_token/),
  });
});

test.concurrent('Ctrl-C ends a recording in order; what is missing afterwards is told by exit code 4', {
  timeout: 60_000,
}, async () => {
  await using place = await workplace();
  const command = startGalileo(['record', '--node', 'node-a', 'node-b', '--name', 'until Ctrl-C'], place.env);
  await begun(command);
  const database = new DatabaseSync(place.sqlitePath, { timeout: 5000 });
  await until('a row is stored', () => database.prepare('SELECT COUNT(*) AS n FROM telemetry').get()!['n'] !== 0);
  const open = await galileo(['ledger', 'latest'], place.env);
  expect(open).toMatchObject({ code: 0, stdout: expect.stringMatching(/ {2}open [\s\S]*^Ledger \(provisional\)$/m) });
  const list = await galileo(['recordings', 'ls'], place.env);
  expect(list.stdout).toMatch(/^ {2}\S+ +open .* until Ctrl-C$/m);
  // Behind the recorder's back.
  database.exec('DELETE FROM telemetry WHERE rowid = (SELECT MIN(rowid) FROM telemetry)');
  database.close();
  command.child.kill('SIGINT');
  const { code, stdout, stderr } = await command.outcome;
  expect(code).toBe(4);
  expect(stdout).toMatch(/^until Ctrl-C {2}\S+ {2}ended /);
  expect(stdout).toMatch(/telemetry .* 1 unaccounted for[\s\S]*! telemetry of/);
  expect(stderr).toMatch(/until Ctrl-C is recorded as .*\nrecording .* telemetry [\s\S]*! ending the recording/);
  expect((await galileo(['ledger', 'latest'], place.env)).code).toBe(4);
  expect((await galileo(['recordings', 'ls'], place.env)).stdout).toMatch(/^ {2}\S+ +ended .* not balanced +until Ctrl-C$/m);
});

test.concurrent('a second Ctrl-C does not wait for the end, and says what is to be done', { timeout: 60_000 }, async () => {
  await using place = await workplace();
  const command = startGalileo(['record'], place.env);
  await begun(command);
  // It can't give its final figures.
  place.agent.pause();
  command.child.kill('SIGINT');
  await until('the recording is being closed', () => /^closing .* 0 of 1 producers final/m.test(command.stderr()), 30);
  await until('the command has ended', () => command.child.kill('SIGINT') === false, 30);
  const { code, stdout, stderr } = await command.outcome;
  expect({ code, stdout }).toEqual({ code: 130, stdout: '' });
  const id = /its end was not waited for; "galileo recordings stop (\S+)" ends the recording/.exec(stderr)?.[1];
  expect(id).toBeDefined();
  expect((await galileo(['recordings', 'ls'], place.env)).stdout).toMatch(new RegExp(`${id} +closing`));
  place.agent.resume();
  const stopped = await galileo(['recordings', 'stop', id!], place.env);
  expect(stopped).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/telemetry .*balanced/) });
});

test.concurrent('a recorder that is killed and comes back goes on with the recording', { timeout: 60_000 }, async () => {
  await using place = await workplace();
  const command = startGalileo(['record', '--duration', '8s'], place.env);
  await begun(command);
  place.service.kill('SIGKILL');
  await until('that is noticed', () => /is away \(.*\); the recording goes on/.test(command.stderr()), 30);
  await place.startRecorder();
  const { code, stdout } = await command.outcome;
  expect(stdout).toMatch(/^\S+ {2}ended [\s\S]*telemetry .*balanced/);
  expect(code).toBe(0);
});

test.concurrent('on this machine the standalone that runs is used, and kept from ending', { timeout: 60_000 }, async () => {
  await using directory = await temporaryDirectory();
  const env = { galileo_data_dir: join(directory.path, 'data') };
  const program = [process.execPath, serviceFile('standalone')];
  const local = await openLocal({ dataDir: env.galileo_data_dir, program });
  const command = startGalileo(['record', '--name', 'here'], env);
  await begun(command);
  // Nobody but the recording needs it from now on.
  await local[Symbol.asyncDispose]();
  expect(running([local.pid])).toEqual([local.pid]);
  const shown = await galileo(['ledger', 'latest', '--json'], env);
  expect(JSON.parse(shown.stdout)).toMatchObject({ recording: { name: 'here', state: 'open', end: null }, complete: false });
  command.child.kill('SIGINT');
  const { code, stdout } = await command.outcome;
  expect(stdout).toMatch(/^here {2}\S+ {2}ended [\s\S]*telemetry .*balanced/);
  expect(code).toBe(0);
  await until('the standalone has ended', () => running([local.pid]).length === 0, 30);
  // One is started for who asks for it.
  expect(await galileo(['ledger', 'latest', '--local'], env)).toMatchObject({ code: 0, stdout });
});

test.concurrent('a standalone that is killed leaves the recording to the next one', { timeout: 60_000 }, async () => {
  await using directory = await temporaryDirectory();
  const env = { galileo_data_dir: join(directory.path, 'data') };
  const command = startGalileo(['record', '--local'], env);
  await begun(command);
  const [, ...family] = familyOf(command.child.pid!);
  expect(family).toHaveLength(1);
  process.kill(family[0]!, 'SIGKILL');
  const { code, stderr } = await command.outcome;
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /the standalone of this machine has ended unexpectedly; .* "galileo recordings stop \S+ --local" ends the/,
  );
  expect(await listed(env)).toMatchObject([{ status: 'RUNNING' }]);
  // The agent of the first one has gone and can't give its final figures; that of the next one stands in its place.
  const stopped = await galileo(['recordings', 'stop', 'latest', '--local', '--json'], env);
  expect(JSON.parse(stopped.stdout)).toMatchObject({ recording: { state: 'ended' } });
  expect(await listed(env)).toMatchObject([{ status: 'FINISHED' }]);
});
