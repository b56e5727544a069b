import { LoadClientDefinition, type SetWorkloadRequest, type WatchStatisticsResponse } from '@galileo/proto/client';
import { connect, createClock, type ProcessClock, readConfig } from '@galileo/service';
import { silentLog } from '@galileo/testkit';
import { variables } from '../src/config.ts';
import { labelsOf } from '../src/labels.ts';
import { startClient } from '../src/service.ts';
import { startRecorderDouble } from './recorder-double.ts';

/** A clock that is ahead of another one by so many seconds. */
function shiftedClock(clock: ProcessClock, ahead: number): ProcessClock {
  return {
    now: () => clock.now() + ahead,
    get segment() {
      return clock.segment;
    },
    check: () => clock.check(),
    keepAnchorWhile: condition => clock.keepAnchorWhile(condition),
  };
}

/** Starts a worker with its recorder's double, and a client that talks to it; its clock may be ahead of the recorder's, seconds. */
export async function startWorker(env: Readonly<Record<string, string>> = {}, ahead = 0) {
  const reference = createClock();
  const recorder = await startRecorderDouble('127.0.0.1:0', reference);
  const environment = {
    galileo_worker_name: 'w',
    galileo_grpc_listen: '127.0.0.1:0',
    galileo_recorder: recorder.address,
    galileo_bus: 'direct',
    ...env,
  };
  const config = { ...readConfig(variables, environment), labels: labelsOf(environment, variables) };
  const clock = shiftedClock(reference, ahead);
  const service = await startClient(config, { log: silentLog, clock });
  const connection = connect(LoadClientDefinition, service.addresses.grpc!);
  const { client } = connection;

  return {
    rpc: client,
    clock,
    /** The recorder's. */
    reference,
    address: service.addresses.grpc!,
    recorder,
    traces: recorder.traces,

    /** Makes clients of a service `pi` behind one host. */
    async clients(count: number, host: string | undefined, request: { path?: string; timeout?: number } = {}) {
      await client.setRoutes({ routes: host === undefined ? [] : [{ service: 'pi', hosts: [host], weights: [1] }] });
      return (await client.createClients({ service: 'pi', count, request })).clients;
    },

    /** Gives a client a workload, constant gaps unless told. */
    load(clientId: string, fields: Partial<SetWorkloadRequest> & { requests?: number; gap?: number }) {
      const { requests = 0, gap = 0.001, ...rest } = fields;
      const process = { $case: 'distribution' as const, value: { name: 'constant', parameters: [gap] } };
      return client.setWorkload({ clientId, arrival: { process, requests }, seed: 1, ...rest });
    },

    /** Follows the figures until the worker is idle, and returns all of them. */
    async watch(interval = 0.1): Promise<WatchStatisticsResponse[]> {
      const messages: WatchStatisticsResponse[] = [];
      for await (const message of client.watchStatistics({ interval })) {
        messages.push(message);
        if (message.idle) break;
      }
      return messages;
    },

    async [Symbol.asyncDispose]() {
      connection[Symbol.dispose]();
      await service[Symbol.asyncDispose]();
      await recorder[Symbol.asyncDispose]();
    },
  };
}

export type Worker = Awaited<ReturnType<typeof startWorker>>;
