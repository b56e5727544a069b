import { LoadClientDefinition } from '@galileo/proto/client';
import { connect } from '@galileo/service';
import { startUpstream, until } from '@galileo/testkit';
import { splitHeaders } from '@galileo/wire';
import { describe, expect, it } from 'vitest';
import { startRecorderDouble } from './recorder-double.ts';
import { startProcess } from './service-process.ts';

describe('the process', () => {
  it.each([1, 2])(
    'ends on SIGTERM with 0: what is on the way is given up, and everything recorded; threads: %d',
    async threads => {
      await using recorder = await startRecorderDouble();
      let seen = 0;
      await using upstream = await startUpstream((request, response) => {
        seen += 1;
        if (request.url === '/fast') response.end();
      });
      const env = { galileo_recorder: recorder.address, galileo_bus: 'direct', galileo_client_threads: String(threads) };
      await using worker = startProcess('client', env);
      const { addresses } = await worker.line('ready');
      using connection = connect(LoadClientDefinition, addresses.grpc);
      const { client } = connection;
      await client.setRoutes({ routes: [{ service: 'pi', hosts: [upstream.address], weights: [1] }] });
      for (const path of ['/fast', '/never']) {
        const { clients } = await client.createClients({ service: 'pi', count: 1, request: { path } });
        const process = { $case: 'distribution' as const, value: { name: 'constant', parameters: [0.02] } };
        await client.setWorkload({ clientId: clients[0]!.clientId, arrival: { process }, seed: 1, duration: 600 });
      }
      await until('requests at the target', () => seen > 10);
      expect(await worker.terminate()).toEqual([0, null]);
      expect(worker.output()).toContain('"msg":"stopped"');

      const kinds = Map.groupBy(recorder.traces, trace => splitHeaders(trace.headers).details.error ?? `${trace.status}`);
      expect([...kinds.keys()].toSorted()).toEqual(['200', 'cancelled']);
      const counters = Map.groupBy(recorder.traces, trace => trace.client);
      for (const traces of counters.values()) {
        const numbers = traces.map(trace => Number(trace.requestId.split(':')[1])).toSorted((a, b) => a - b);
        expect(numbers).toEqual(numbers.map((_, i) => i + 1));
      }
    },
  );

  it('ends on SIGTERM also while it still waits for its recorder', async () => {
    await using worker = startProcess('client', { galileo_recorder: '127.0.0.1:1', galileo_bus: 'direct' });
    await worker.line('waiting for the recorder');
    expect(await worker.terminate()).toEqual([0, null]);
    expect(worker.output()).not.toContain('"msg":"ready"');
  });

  it('explains itself, and refuses what it does not understand', async () => {
    await using help = startProcess('client', {}, ['--help']);
    expect(await help.exited).toEqual([0, null]);
    expect(help.output()).toMatch(/^galileo-client .*\n(.*\n)*.*galileo_recorder .*127.0.0.1:50054/);
    await using wrong = startProcess('client', { galileo_client_connections: 'many' });
    expect(await wrong.exited).toEqual([1, null]);
    expect(wrong.output()).toMatch(/galileo_client_connections: "many" is not allowed; allowed: a whole number from 1 to 65535/);
  });
});
