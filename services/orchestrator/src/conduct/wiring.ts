import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '@galileo/service';
import { persist } from '../channels/persistence.ts';
import { areInForce, nameOf } from '../channels/weight-channel.ts';
import { isEmpty } from '../deposit.ts';
import { type BalancerMember, type Fleet, FleetError } from '../fleet/fleet.ts';
import type { LiveExperiment } from '../live-experiment.ts';
import { routesPerService } from '../routes-per-service.ts';
import type { Replica } from '../runners/replica.ts';
import { weightsPerZone, type ZoneWeights } from '../weights-per-zone.ts';
import type { EventLog } from './event-log.ts';
import { type Channels, retrieve } from './retrieve.ts';

/** Seconds that weights get to be set, and then that load balancers get to take them. */
const timeout = 10;
/** Milliseconds between two looks. */
const interval = 50;
/** Seconds for taking back what lies in Redis and etcd; less when the experiment ends early. */
const retrieveTimeout = 10;
const earlyRetrieveTimeout = 2;

/** Tells the load clients where services are, and waits until they know. @throws FleetError, GaveUpError */
export async function setRoutes(
  live: LiveExperiment,
  { fleet, replicas }: { readonly fleet: Fleet; readonly replicas: readonly Replica[] },
  { routes }: Channels,
): Promise<void> {
  live.phase('setting routes');
  const wanted = routesPerService(live.submission.spec, fleet.balancers, replicas);
  if (fleet.placed && routes.lasting) {
    const { deposit } = live.summary();
    await live.record({ deposit: { ...deposit, routes: wanted.map(route => route.service) } });
  }
  await routes.set(wanted, fleet.workers, live.signal);
}

/**
 * Gives the load balancers the replicas with their weights, waits until each has them, and publishes what Galileo's own
 * weight setters would. @throws FleetError that names the load balancer that has not, GaveUpError
 */
export async function setWeights(
  live: LiveExperiment,
  { fleet, replicas }: { readonly fleet: Fleet; readonly replicas: readonly Replica[] },
  { weights: channel }: Channels,
  { clock, events }: { readonly clock: Clock; readonly events: EventLog },
): Promise<void> {
  live.phase('setting weights');
  const { balancers } = fleet;
  const weighed = replicas.map(({ plan: { service, zone, weight }, address }) => ({ service, zone, address, weight }));
  const zones = balancers.map(balancer => balancer.zone);
  const wanted = weightsPerZone(weighed, zones);
  if (fleet.placed) {
    const { deposit } = live.summary();
    await live.record({ deposit: { ...deposit, weights: wanted.map(({ zone, fn }) => ({ zone, fn })) } });
  }
  for (const weights of wanted) {
    const set = () => channel.set(weights, balancers);
    const what = `setting the weights of ${weights.fn} in zone ${weights.zone}`;
    await (channel.lasting ? persist(what, timeout, set, live.signal) : set());
  }
  await Promise.all(balancers.map(balancer => untilTaken(balancer, wanted, live.signal)));
  for (const { zone, fn, ips, weights } of wanted) {
    events('weight_update', { ts: clock.now(), fn, zone, weights: { ips, weights } });
  }
}

async function untilTaken(balancer: BalancerMember, wanted: readonly ZoneWeights[], signal: AbortSignal): Promise<void> {
  const own = wanted.filter(weights => weights.zone === balancer.zone);
  const end = performance.now() + timeout * 1000;
  for (;;) {
    const { functions } = await balancer.connection.client.getWeights({}, { signal });
    const lacking = own.find(weights => !areInForce(weights, functions));
    if (lacking === undefined) return;
    if (performance.now() >= end) {
      throw new FleetError(`${nameOf(balancer)} has not taken the weights of ${lacking.fn} within ${timeout} s`);
    }
    await sleep(interval, undefined, { signal });
  }
}

/** Takes back what stays with the members of a fleet; what can't be is told. Never throws. */
export async function takeBack(live: LiveExperiment, fleet: Fleet, channels: Channels): Promise<void> {
  const { deposit } = live.summary();
  // A fleet of its own ends with the experiment.
  if (!fleet.placed || isEmpty(deposit)) return;
  const seconds = live.signal.aborted ? earlyRetrieveTimeout : retrieveTimeout;
  const { left, troubles } = await retrieve(deposit, fleet, channels, seconds);
  live.summarise({ deposit: left });
  for (const trouble of troubles) live.remark(trouble);
}
