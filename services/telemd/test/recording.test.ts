import { setTimeout as sleep } from 'node:timers/promises';
import { type LedgerEntry, RecorderDefinition, RecordKind } from '@galileo/proto/recorder';
import { TelemdDefinition } from '@galileo/proto/telemd';
import { connect, waitForServing } from '@galileo/service';
import { missing, startRedis, temporaryDirectory, until } from '@galileo/testkit';
import { expect, test } from 'vitest';
import { startProgram } from './program.ts';

test('what telemd produces during a recording is stored by the recorder, all of it', () => record({ galileo_bus: 'direct' }));

test.skipIf(missing('redis-server'))('… also through Redis (needs redis-server)', async () => {
  await using redis = await startRedis();
  await record({ galileo_redis_host: redis.host, galileo_redis_port: String(redis.port) });
});

async function record(bus: Readonly<Record<string, string>>): Promise<void> {
  await using directory = await temporaryDirectory();
  await using recorder = await startProgram('recorder', { ...bus, galileo_data_dir: directory.path });
  await using telemd = await startProgram('telemd', {
    ...bus,
    galileo_recorder: recorder.address,
    telemd_nodename: 'n1',
    telemd_net_devices: 'lo',
    telemd_period_cpu: '20ms',
    telemd_period_process: '50ms',
  });
  await waitForServing(telemd.address, 5);
  using agent = connect(TelemdDefinition, telemd.address);
  using store = connect(RecorderDefinition, recorder.address, { timeout: 40 });
  await agent.client.setProcesses({ processes: [{ name: 'recorder', pid: recorder.pid }] });
  const { producers } = await store.client.startRecording({ experimentId: 'x-1' });
  expect(producers).toEqual([expect.stringMatching(/^telemd\/n1\//)]);
  const samplesOf = async (name: string) =>
    (await agent.client.listInstruments({})).instruments.find(instrument => instrument.name === name)!.samples;
  const before = await samplesOf('cpu');
  await until('there is something to record', async () => (await samplesOf('cpu')) > before + 50);
  const { ledger } = await store.client.stopRecording({ experimentId: 'x-1' });
  const telemetry = ledger!.entries.find(({ kind }) => kind === RecordKind.TELEMETRY) as LedgerEntry;
  expect(ledger).toMatchObject({ final: true, mismatches: [], missingProducers: [] });
  expect(telemetry).toMatchObject({ rejected: 0, lost: 0, stored: telemetry.produced });
  expect(telemetry.produced).toBeGreaterThan(50);
  await sleep(100); // It goes on without a recording.
  expect(await telemd.end()).toBe(0);
}
