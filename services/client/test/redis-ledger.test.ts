import { RecorderDefinition } from '@galileo/proto/recorder';
import { connect } from '@galileo/service';
import { missing, startRedis, temporaryDirectory, until } from '@galileo/testkit';
import { createClients, rpcResponseKey } from '@galileo/wire';
import { expect, it } from 'vitest';
import { startProcess } from './service-process.ts';

const channel = (name: string) => `__eventbus:global:galileo.worker.api.${name}`;

it.skipIf(missing('redis-server'))(
  'what a controller has sent while tracing is paused is in no store, and the ledger balances (needs redis-server)',
  async () => {
    await using directory = await temporaryDirectory();
    await using redis = await startRedis();
    const bus = { galileo_redis_host: redis.host, galileo_redis_port: String(redis.port) };
    await using recorder = startProcess('recorder', { ...bus, galileo_data_dir: directory.path });
    const address = (await recorder.line('ready')).addresses.grpc;
    const router = { galileo_router_type: 'DebugRouter' };
    await using worker = startProcess('client', { ...bus, ...router, galileo_recorder: address, galileo_worker_name: 'w' });
    await worker.line('ready');
    using recording = connect(RecorderDefinition, address, { timeout: 30 });
    const client = redis.client();
    const subscriber = redis.client();
    let done = 0;
    await subscriber.subscribe(channel('WorkloadDoneEvent'));
    subscriber.on('message', () => {
      done += 1;
    });

    const fn = createClients('w');
    await until('the worker', async () => (await client.pubsub('NUMSUB', fn.channel))[1] === 1);
    const config = { service: 's', client: null, parameters: null, workerLabels: null };
    await client.publish(fn.channel, fn.encodeRequest('__rpc_1', { host: 'w', config, num: 1 }));
    expect(await client.brpop(rpcResponseKey('__rpc_1'), 3)).not.toBeNull();
    const load = async (times: number) => {
      await client.publish(channel('SetWorkloadCommand'), JSON.stringify(['w:s:0', 30, 'constant', [0.002]]));
      await until('the end of the workload', () => done === times);
    };
    await recording.client.startRecording({ experimentId: 'e1' });
    await load(1);
    await client.publish(channel('PauseTracingCommand'), '[]');
    await load(2);
    await client.publish(channel('StartTracingCommand'), '[]');
    await load(3);
    const { ledger } = await recording.client.stopRecording({ experimentId: 'e1' });
    expect(ledger).toMatchObject({ final: true, mismatches: [], missingProducers: [] });
    expect(ledger!.entries).toContainEqual(expect.objectContaining({ produced: 60, stored: 60, rejected: 0, lost: 0 }));
    expect(await worker.terminate()).toEqual([0, null]);
  },
);
