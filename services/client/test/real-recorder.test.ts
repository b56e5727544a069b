import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { LoadClientDefinition } from '@galileo/proto/client';
import { RecorderDefinition } from '@galileo/proto/recorder';
import { connect } from '@galileo/service';
import { startUpstream, temporaryDirectory, until } from '@galileo/testkit';
import { clientSeed, createSchedule } from '@galileo/workload';
import { expect, it } from 'vitest';

/** Starts a service as a process and waits until it is ready; in the end it is told to stop. */
async function startService(name: string, env: Readonly<Record<string, string>>) {
  const program = fileURLToPath(new URL(`../../${name}/src/main.ts`, import.meta.url));
  const child: ChildProcess = spawn(process.execPath, [program], {
    env: { ...process.env, galileo_grpc_listen: '127.0.0.1:0', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  let output = '';
  child.stdout!.on('data', data => {
    output += data;
  });
  const ready = await until(`${name} to be ready`, () => output.split('\n').find(line => line.includes('"msg":"ready"')));
  return {
    address: (JSON.parse(ready) as { addresses: { grpc: string } }).addresses.grpc,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 12_000);
      await exited;
      clearTimeout(late);
    },
  };
}

it('every request of a load lies in the store of a real recorder, and the ledger says so', async () => {
  await using directory = await temporaryDirectory();
  await using upstream = await startUpstream((request, response) => {
    if (request.url === '/bad') response.writeHead(503);
    response.end('x');
  });
  await using recorder = await startService('recorder', { galileo_data_dir: directory.path });
  await using worker = await startService('client', { galileo_recorder: recorder.address, galileo_worker_name: 'w' });
  using recording = connect(RecorderDefinition, recorder.address, { timeout: 30 });
  using load = connect(LoadClientDefinition, worker.address);

  await load.client.setRoutes({ routes: [{ service: 'pi', hosts: [upstream.address], weights: [1] }] });
  const clients = [];
  for (const path of ['/good', '/bad']) {
    clients.push(...(await load.client.createClients({ service: 'pi', count: 1, request: { path } })).clients);
  }
  const { producers } = await recording.client.startRecording({ experimentId: 'e1' });
  expect(producers).toHaveLength(1);
  const startAt = Date.now() / 1000 + 0.3;
  const offsets: number[][] = [];
  for (const [index, { clientId }] of clients.entries()) {
    const seed = clientSeed(7, index);
    const process = { $case: 'distribution' as const, value: { name: 'expovariate', parameters: [200] } };
    await load.client.setWorkload({ clientId, arrival: { process }, seed, startAt, duration: 1 });
    const schedule = createSchedule({
      arrival: { kind: 'distribution', name: 'expovariate', parameters: [200] },
      seed,
      duration: 1,
    });
    const times: number[] = [];
    for (let time = schedule.next(); time !== undefined; time = schedule.next()) times.push(time);
    offsets.push(times);
  }
  for await (const { idle } of load.client.watchStatistics({ interval: 0.1 })) if (idle) break;
  const { ledger } = await recording.client.stopRecording({ experimentId: 'e1' });

  const total = offsets.flat().length;
  const entry = { produced: total, stored: total, rejected: 0, lost: 0 };
  expect(ledger).toMatchObject({ final: true, mismatches: [], missingProducers: [] });
  expect(ledger!.entries).toContainEqual(expect.objectContaining(entry));
  using store = new DatabaseSync(join(directory.path, 'galileo.db'), { readOnly: true });
  for (const [index, { clientId }] of clients.entries()) {
    const rows = store
      .prepare('SELECT CREATED, STATUS FROM traces WHERE EXP_ID = ? AND CLIENT = ? ORDER BY CREATED')
      .all('e1', clientId) as { CREATED: number; STATUS: number }[];
    expect(rows.map(row => Math.round((row.CREATED - startAt) * 1e6))).toEqual(offsets[index]);
    expect(new Set(rows.map(row => row.STATUS))).toEqual(new Set([index === 0 ? 200 : 503]));
  }
});
