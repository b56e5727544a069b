import { randomInt } from 'node:crypto';
import { hostname } from 'node:os';
import { openDirectPublisher } from '@galileo/bus';
import { openStore } from '@galileo/expdb';
import { producerId, startProducer } from '@galileo/reconcile';
import { createRegistry, type Service, type ServiceContext, startGrpcServer, startMetrics, version } from '@galileo/service';
import { conduct } from './conduct/conduct.ts';
import { createEventLog } from './conduct/event-log.ts';
import { closeAbandoned } from './conduct/recording.ts';
import { checkFleet, type OrchestratorConfig, pathsOf } from './config.ts';
import { createExperiments } from './experiments.ts';
import type { OpenFleet } from './fleet/fleet.ts';
import { localFleet } from './fleet/local.ts';
import { staticFleet } from './fleet/static.ts';
import { closeLeftovers, failUnfinished } from './recovery.ts';
import { reportOf } from './report.ts';
import { orchestratorService } from './rpc.ts';

/** A running orchestrator. */
export interface Orchestrator extends Service {
  /** Is there no experiment under way or queued, and nobody who watches one? */
  idle(): boolean;
}

/**
 * Starts the orchestrator; it serves at once, and says SERVING while the recorder is connected. Whoever calls it sees to
 * it that no other orchestrator uses the same store: what is unfinished there is marked as failed.
 * @throws ConfigError, StoreError
 */
export async function startOrchestrator(config: OrchestratorConfig, { log, clock }: ServiceContext): Promise<Orchestrator> {
  const { recorder, token, telemds } = config;
  const environment = process.env;
  const paths = pathsOf(config, environment);
  const owned: AsyncDisposable[] = [];
  const own = <T extends AsyncDisposable>(part: T): T => {
    owned.unshift(part);
    return part;
  };
  try {
    const openFleet = fleetOf(config, environment);
    const store = own(await openStore({ path: paths.store }));
    const unfinished = await failUnfinished(store, clock, log);

    const node = hostname();
    const id = producerId('orchestrator', node);
    const publisher = own(openDirectPublisher({ recorder, token, producerId: id, log }));
    const producer = own(startProducer({ publisher, recorder, token, service: 'orchestrator', node, id, clock, log }));
    const settle = (experimentId: string) => closeAbandoned({ recorder, token, experimentId });
    const leftovers = producer.ready().then(() => closeLeftovers(unfinished, store, settle, log));
    // It rejects only when the orchestrator ends before it has reached the recorder, and then nobody may be waiting for it.
    leftovers.catch(() => {});
    const stage = {
      openFleet,
      telemds,
      token,
      logDirectory: paths.logs,
      environment,
      self: { name: config.programs === undefined ? 'orchestrator' : 'standalone', pid: process.pid },
      clock,
      events: createEventLog(producer, clock),
    };
    const experiments = createExperiments({
      store,
      logDirectory: paths.logs,
      clock,
      log,
      random: () => randomInt(0x10000),
      version,
      conduct: live => conduct(live, { ...stage, recorder, store, producer, leftovers }),
    });
    const services = [
      orchestratorService({
        experiments,
        store,
        clock,
        report: (stored, experiment) => reportOf(stored, experiment, { store, recorder, token }),
      }),
    ];
    const server = own(await startGrpcServer({ listen: config.listen, token, services, log }));
    // Ended first: those who watch are told the end before their streams are closed.
    own(experiments);
    producer.onConnection(connected => server.setServing(connected));
    const addresses: Record<string, string> = { grpc: server.address };
    if (config.metricsListen !== undefined) {
      addresses['metrics'] = own(await startMetrics(config.metricsListen, createRegistry())).address;
    }
    return { addresses, idle: () => experiments.idle(), [Symbol.asyncDispose]: () => disposeAll(owned, log) };
  } catch (error) {
    await disposeAll(owned, log);
    throw error;
  }
}

function fleetOf(config: OrchestratorConfig, environment: Readonly<Record<string, string | undefined>>): OpenFleet {
  const { recorder, token, programs } = config;
  if (programs !== undefined) return localFleet({ programs, recorder, token, environment });
  checkFleet(config);
  return staticFleet({ clients: config.clients, loadBalancers: config.loadBalancers, data: config.loadBalancerData, token });
}

/** In the given order; what can't be ended does not keep the rest from it. */
async function disposeAll(parts: readonly AsyncDisposable[], log: ServiceContext['log']): Promise<void> {
  for (const part of parts) {
    try {
      await part[Symbol.asyncDispose]();
    } catch (error) {
      log.error({ err: error }, 'a part did not end as it should');
    }
  }
}
