import { hostname } from 'node:os';
import { openDirectPublisher } from '@galileo/bus';
import { producerId, startProducer } from '@galileo/reconcile';
import { type Service, type ServiceContext, startGrpcServer, startMetrics } from '@galileo/service';
import { type Agent, createAgent } from './agent.ts';
import { configuredInstruments, nodeOf, type TelemdConfig, withDefaults } from './config.ts';
import type { Sources } from './instrument.ts';
import { createScratch } from './kernel-file.ts';
import { agentMetrics } from './metrics.ts';
import { readNodeInfo } from './node-info.ts';
import { readKernelUnits } from './processes/auxiliary-vector.ts';
import { createProcessTable } from './processes/process-table.ts';
import { telemdService } from './rpc.ts';

/** Starts the agent; resolves once its gRPC server listens, the recorder knows it, and samples are taken. */
export async function startTelemd(given: TelemdConfig, { log, clock }: ServiceContext): Promise<Service> {
  const config = withDefaults(given);
  const node = nodeOf(config);
  const id = producerId('telemd', node);
  const { recorder, token } = config;
  const owned: (AsyncDisposable | Disposable)[] = [];
  const own = <T extends AsyncDisposable | Disposable>(part: T): T => {
    owned.unshift(part);
    return part;
  };
  try {
    const publisher = own(openDirectPublisher({ recorder, token, producerId: id, log }));
    const settle = () => agent.settled();
    const producer = own(startProducer({ publisher, recorder, token, service: 'telemd', node, id, clock, log, settle }));
    const scratch = createScratch();
    const units = readKernelUnits(config.procMount, process.arch);
    const processes = own(createProcessTable({ procRoot: config.procMount, units, scratch }));
    const sources: Sources = {
      procRoot: config.procMount,
      sysRoot: config.sysMount,
      clock,
      scratch,
      netDevices: config.netDevices ?? [],
      diskDevices: config.diskDevices ?? [],
      processes,
      self: { cpu: cpuSeconds, rss: process.memoryUsage.rss, dropped: () => publisher.lost.telemetry },
    };
    const agent = own(
      createAgent({
        instruments: configuredInstruments(config),
        sources,
        node,
        publish: sample => producer.telemetry(sample),
        log,
      }),
    );
    const readInfo = () =>
      readNodeInfo({ ...sources, hostname: hostname(), arch: process.arch, unavailable: unavailableOf(agent) });
    const services = [telemdService({ agent, processes, node, readInfo })];
    const server = own(await startGrpcServer({ listen: config.listen, token, services, log }));
    const addresses: Record<string, string> = { grpc: server.address };
    if (config.metricsListen !== undefined) {
      addresses['metrics'] = own(await startMetrics(config.metricsListen, agentMetrics(agent))).address;
    }
    await producer.ready();
    producer.onConnection(connected => server.setServing(connected));
    agent.start();
    return { addresses, [Symbol.asyncDispose]: () => disposeAll(owned, log) };
  } catch (error) {
    await disposeAll(owned, log);
    throw error;
  }
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function unavailableOf(agent: Agent): { name: string; reason: string }[] {
  return agent.list().flatMap(({ name, unavailable }) => (unavailable === undefined ? [] : [{ name, reason: unavailable }]));
}

/** In the given order; what can't be ended does not keep the rest from it. */
async function disposeAll(parts: readonly (AsyncDisposable | Disposable)[], log: ServiceContext['log']): Promise<void> {
  for (const part of parts) {
    try {
      if (Symbol.asyncDispose in part) await part[Symbol.asyncDispose]();
      else part[Symbol.dispose]();
    } catch (error) {
      log.error({ err: error }, 'a part did not end as it should');
    }
  }
}
