import { hostname } from 'node:os';
import { openPublisher } from '@galileo/bus';
import { producerId, spoolSettings, startProducer } from '@galileo/reconcile';
import { advertised, credentialsOf, disposeAll, type Service, type ServiceContext, startGrpcServer } from '@galileo/service';
import { startMetrics } from '@galileo/service/metrics';
import { type Agent, createAgent } from './agent.ts';
import { configuredInstruments, nodeOf, redisOf, type TelemdConfig, withDefaults } from './config.ts';
import type { Sources } from './instrument.ts';
import { createScratch } from './kernel-file.ts';
import { agentMetrics } from './metrics.ts';
import { readNodeInfo } from './node-info.ts';
import { readKernelUnits } from './processes/auxiliary-vector.ts';
import { createProcessTable } from './processes/process-table.ts';
import { openRedisSide } from './redis-side.ts';
import { telemdService } from './rpc.ts';

/**
 * Starts the agent; resolves once its gRPC server listens, the recorder knows it, and samples are taken. Health says SERVING while
 * the recorder and, where it is used, Redis are connected.
 */
export async function startTelemd(given: TelemdConfig, { log, clock }: ServiceContext): Promise<Service> {
  const config = withDefaults(given);
  const node = nodeOf(config);
  const id = producerId('telemd', node);
  const { recorder, insecure, bus } = config;
  const credentials = credentialsOf(config);
  const redis = redisOf(config);
  const owned: (AsyncDisposable | Disposable)[] = [];
  const own = <T extends AsyncDisposable | Disposable>(part: T): T => {
    owned.unshift(part);
    return part;
  };
  try {
    const publisher = own(openPublisher({ bus, redis, recorder, credentials, producerId: id, log, closeTimeout: 2 }));
    const settle = () => agent.settled();
    const spool = spoolSettings(config, { service: 'telemd', node, recorder });
    const producer = own(
      startProducer({ publisher, recorder, credentials, service: 'telemd', node, id, clock, log, spool, settle }),
    );
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
    const server = own(await startGrpcServer({ listen: config.listen, credentials, insecure, services, log }));
    const addresses: Record<string, string> = { grpc: server.address };
    if (config.metricsListen !== undefined) {
      addresses['metrics'] = own(await startMetrics(config.metricsListen, agentMetrics(agent))).address;
    }
    // Galileo's own recorders need none of ours; health tells whether ours is there.
    if (bus === 'direct') await producer.ready();
    const needs = { recorder: false, redis: bus !== 'redis' };
    let stopping = false;
    const need = (change: Partial<typeof needs>) => {
      Object.assign(needs, change);
      server.setServing(needs.recorder && needs.redis && !stopping);
    };
    producer.onConnection(connected => need({ recorder: connected }));
    if (bus === 'redis') {
      const address = advertised(config, server.address);
      const onState = (usable: boolean) => need({ redis: usable });
      own(openRedisSide({ settings: redis, node, address, agent, readInfo, log, onState }));
    }
    own({
      [Symbol.dispose]() {
        stopping = true;
        need({});
      },
    });
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
