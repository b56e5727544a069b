import { createClock, readConfig, startGrpcServer, waitForServing } from '@galileo/service';
import { silentLog, startUpstream, until } from '@galileo/testkit';
import { describe, expect, it } from 'vitest';
import { variables } from '../src/config.ts';
import { startClient } from '../src/service.ts';
import { startRecorderDouble } from './recorder-double.ts';
import { startWorker } from './worker.ts';

/** A port that is free now. */
async function freeAddress(): Promise<string> {
  await using server = await startGrpcServer({ listen: '127.0.0.1:0', credentials: {}, services: [], log: silentLog });
  return server.address;
}

describe('without a recorder', () => {
  it('a worker is not ready, says so in its health, and becomes so when the recorder is there', async () => {
    const [recorder, listen] = [await freeAddress(), await freeAddress()];
    const env = { galileo_worker_name: 'w', galileo_grpc_listen: listen, galileo_recorder: recorder, galileo_bus: 'direct' };
    const config = { ...readConfig(variables, env), labels: {} };
    let ready = false;
    const starting = startClient(config, { log: silentLog, clock: createClock() }).then(service => {
      ready = true;
      return service;
    });
    await until('the server', () => waitForServing(listen, 0.1).catch(error => /not serving/.test(error.message)));
    expect(ready).toBe(false);
    await using _recorder = await startRecorderDouble(recorder);
    await using service = await starting;
    await waitForServing(service.addresses.grpc!, 20);
  });

  it('a worker goes on, keeps its traces, says so in its health, and delivers them when the recorder is back', async () => {
    await using upstream = await startUpstream((_request, response) => response.end());
    await using worker = await startWorker();
    const [client] = await worker.clients(1, upstream.address);
    const { address } = worker.recorder;
    await worker.recorder[Symbol.asyncDispose]();
    await until('health to turn', () => waitForServing(worker.address, 0.1).catch(error => /not serving/.test(error.message)));
    await worker.load(client!.clientId, { requests: 50 });
    const last = (await worker.watch()).at(-1)!;
    expect(last).toMatchObject({ completed: 50, failed: 0 });
    await using again = await startRecorderDouble(address);
    await until('the traces', () => again.traces.length === 50);
    await waitForServing(worker.address, 20);
  });
});

describe('the end of a recording', () => {
  it('waits for requests on the way that belong to it, and states the figures with their traces', async () => {
    const held: (() => void)[] = [];
    await using upstream = await startUpstream((_request, response) => held.push(() => response.end()));
    await using worker = await startWorker();
    const { recorder } = worker;
    const [client] = await worker.clients(1, upstream.address);
    const filter = { kinds: [], services: [], clients: [], nodes: [] };
    const said = (kind: string) => recorder.said.map(entry => entry.message).find(message => message?.$case === kind);
    recorder.command({ $case: 'open', value: { recordingId: 'e', filter } });
    await until('the interval to be opened', () => said('opened'));
    await worker.load(client!.clientId, { requests: 3 });
    await until('the requests at the target', () => held.length === 3);
    recorder.command({ $case: 'close', value: { recordingId: 'e' } });
    await until('the interval to be closed', () => said('closed'));

    const final = () =>
      recorder.said.map(({ message }) => message).find(message => message?.$case === 'statement' && message.value.final);
    held[0]!();
    held[1]!();
    await until('two traces', () => recorder.traces.length === 2);
    expect(final()).toBeUndefined();
    held[2]!();
    const statement = await until('the final statement', final);
    await until('all traces', () => recorder.traces.length === 3);
    expect(statement).toMatchObject({ value: { recordingId: 'e', clients: [{ token: client!.token, first: 1, produced: 3 }] } });
  });
});
