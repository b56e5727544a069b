import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ExperimentStatus, OrchestratorDefinition } from '@galileo/proto/orchestrator';
import { RecordKind } from '@galileo/proto/recorder';
import { type Connection, connect } from '@galileo/service';
import { temporaryDirectory, until } from '@galileo/testkit';
import { expect, test } from 'vitest';
import { childrenOf, experimentFile, runs, startStandalone, stateFile } from './standalone-process.ts';

type Client = Connection<typeof OrchestratorDefinition>['client'];

async function submit(client: Client, directory: string, duration: string, attached = false): Promise<string> {
  const request = { file: experimentFile(duration), fileName: 'x.yaml', directory, attached };
  return (await client.submitExperiment(request)).experimentId;
}

/** Watches until there is load; leaves the stream open until then only. */
async function untilLoaded(client: Client, experimentId: string): Promise<void> {
  for await (const { load } of client.watchExperiment({ experimentId })) {
    if (load !== undefined && load.completed > 0) return;
  }
  throw new Error('the experiment ended without load');
}

async function running(pids: readonly number[]): Promise<number[]> {
  const alive = await Promise.all(pids.map(runs));
  return pids.filter((_, index) => alive[index]);
}

test('--help tells what it is and its variables', async () => {
  const program = fileURLToPath(new URL('../src/main.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [program, '--help']);
  expect(stdout).toMatch(/^galileo-standalone \d.*one machine/);
  expect(stdout).toContain('galileo_data_dir');
});

test('one standalone holds a data directory; others join with its token, and it ends when its parent lets go', async () => {
  await using directory = await temporaryDirectory();
  await using standalone = startStandalone(directory.path);
  const { address, pid } = await standalone.state();
  expect(pid).toBe(standalone.child.pid);
  expect((await stat(stateFile(directory.path))).mode & 0o777).toBe(0o600);
  using stranger = connect(OrchestratorDefinition, address);
  await expect(stranger.client.listExperiments({})).rejects.toThrow('galileo_token');
  using connection = await standalone.connect();
  expect((await connection.client.listExperiments({})).experiments).toEqual([]);

  await using second = startStandalone(directory.path);
  expect(await second.ended).toBe(1);
  expect(second.output()).toBe(
    `galileo-standalone: galileo_data_dir: ${JSON.stringify(directory.path)} is held by another standalone (process ${pid}); allowed: a directory that none holds\n`,
  );

  standalone.child.stdin!.end();
  expect(await standalone.ended).toBe(0);
  expect(existsSync(stateFile(directory.path))).toBe(false);
});

test('a standalone without its parent carries out what was submitted, and ends after the last who watches', async () => {
  await using directory = await temporaryDirectory();
  await using standalone = startStandalone(directory.path);
  using connection = await standalone.connect();
  const experimentId = await submit(connection.client, directory.path, '2s');
  standalone.child.stdin!.end();
  let last: number | undefined;
  for await (const { experiment } of connection.client.watchExperiment({ experimentId })) last = experiment!.status;
  expect(last).toBe(ExperimentStatus.FINISHED);
  // It is still there for a moment, so that whoever has watched can ask for the report.
  const { report } = await connection.client.getReport({ experimentId });
  const traces = report!.ledger!.entries.find(entry => entry.kind === RecordKind.TRACE)!;
  expect(traces).toMatchObject({ produced: 99, stored: 99, rejected: 0, lost: 0 });
  expect(await standalone.ended).toBe(0);
});

test('the SIGKILL of a standalone ends all its children, and the next one shows the experiment as failed', async () => {
  await using directory = await temporaryDirectory();
  let experimentId: string;
  {
    await using standalone = startStandalone(directory.path);
    using connection = await standalone.connect();
    experimentId = await submit(connection.client, directory.path, '60s');
    await untilLoaded(connection.client, experimentId);
    const children = await childrenOf(directory.path, experimentId);
    expect(await running(children)).toEqual(children);
    standalone.child.kill('SIGKILL');
    expect(await standalone.ended).toBe('SIGKILL');
    await until('all children are gone', async () => (await running(children)).length === 0);
  }
  await using next = startStandalone(directory.path);
  using connection = await next.connect();
  const { experiment } = await connection.client.getExperiment({ experimentId });
  expect(experiment).toMatchObject({
    status: ExperimentStatus.FAILED,
    reason: 'the orchestrator ended while the experiment was RUNNING',
  });
  const { report } = await connection.client.getReport({ experimentId });
  expect(report!.verdict!.valid).toBe(false);
  expect(report!.verdict!.reasons[0]).toBe('The experiment failed: the orchestrator ended while the experiment was RUNNING');
  // The directory works again.
  const again = await submit(connection.client, directory.path, '1s');
  let last: number | undefined;
  for await (const update of connection.client.watchExperiment({ experimentId: again })) last = update.experiment!.status;
  expect(last).toBe(ExperimentStatus.FINISHED);
});

test('SIGTERM fails what is under way and leaves no process', async () => {
  await using directory = await temporaryDirectory();
  await using standalone = startStandalone(directory.path, { galileo_detached: 'true' });
  standalone.child.stdin!.end();
  using connection = await standalone.connect();
  const experimentId = await submit(connection.client, directory.path, '60s');
  await untilLoaded(connection.client, experimentId);
  const children = await childrenOf(directory.path, experimentId);
  standalone.child.kill('SIGTERM');
  expect(await standalone.ended).toBe(0);
  expect(await running(children)).toEqual([]);
});

test('TLS of another orchestrator does not keep a standalone from its work; where others could call it is refused', async () => {
  await using directory = await temporaryDirectory();
  const tls = { galileo_tls_cert: '/nowhere/cert', galileo_tls_key: '/nowhere/key', galileo_tls_ca: '/nowhere/ca' };
  {
    await using open = startStandalone(directory.path, { ...tls, galileo_grpc_listen: '0.0.0.0:0' });
    expect(await open.ended).toBe(1);
    expect(open.output()).toContain('galileo_grpc_listen: "0.0.0.0:0" is open to others, and standalone has no TLS');
  }
  await using standalone = startStandalone(directory.path, tls);
  using connection = await standalone.connect();
  const experimentId = await submit(connection.client, directory.path, '1s');
  let last: number | undefined;
  for await (const { experiment } of connection.client.watchExperiment({ experimentId })) last = experiment!.status;
  expect(last).toBe(ExperimentStatus.FINISHED);
});
