import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { RecorderDefinition } from '@galileo/proto/recorder';
import { connect, waitForServing } from '@galileo/service';
import { temporaryDirectory, until } from '@galileo/testkit';
import { expect, test } from 'vitest';
import { balance, launchProducer, sql } from './harness.ts';

const program = join(import.meta.dirname, '..', 'src', 'main.ts');

/** Runs the recorder as a process; resolves when it is ready. */
async function run(dataDir: string, listen: string): Promise<{ child: ChildProcess; address: string }> {
  const child = spawn(process.execPath, [program], {
    env: { ...process.env, galileo_bus: 'direct', galileo_data_dir: dataDir, galileo_grpc_listen: listen },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: child.stdout! })) {
    const { msg, addresses } = JSON.parse(line);
    if (msg === 'ready') return { child, address: addresses.grpc };
  }
  throw new Error(`the recorder ended with code ${child.exitCode}`);
}

test('the recorder’s process is killed while records stream in, twice: nothing is lost or stored twice', async () => {
  await using directory = await temporaryDirectory();
  let { child, address } = await run(directory.path, '127.0.0.1:0');
  const end = async (signal: NodeJS.Signals) => {
    const ended = once(child, 'exit');
    child.kill(signal);
    return (await ended) as [number | null, NodeJS.Signals | null];
  };
  try {
    await using producer = await launchProducer({ recorder: address });
    using connection = connect(RecorderDefinition, address, { timeout: 30 });
    await connection.client.startRecording({ experimentId: 'exp' });
    let produced = 0;
    const timer = setInterval(() => {
      for (let i = 0; i < 20; i++) producer.trace();
      producer.sample();
      produced++;
    }, 5);
    const path = join(directory.path, 'galileo.db');
    for (let kill = 0; kill < 2; kill++) {
      const rows = () => sql(path, 'SELECT COUNT(*) AS n FROM traces')[0]!['n'] as number;
      const before = rows();
      await until('more is stored', () => rows() > before + 100);
      expect(await end('SIGKILL')).toEqual([null, 'SIGKILL']);
      ({ child } = await run(directory.path, address));
    }
    clearInterval(timer);
    await waitForServing(address, 10);
    const { ledger } = await connection.client.stopRecording({ experimentId: 'exp', timeout: 20 });
    expect(ledger).toMatchObject({ final: true, mismatches: [], missingProducers: [] });
    expect(balance(ledger!, 'TRACE')).toEqual([produced * 20, produced * 20, 0, 0]);
    expect(balance(ledger!, 'TELEMETRY')).toEqual([produced, produced, 0, 0]);
    expect(sql(path, 'SELECT COUNT(DISTINCT REQUEST_ID) AS n FROM traces')).toEqual([{ n: produced * 20 }]);
  } finally {
    expect(await end('SIGTERM')).toEqual([0, null]);
  }
});
