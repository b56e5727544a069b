/** A replica as load balancers need to know it. */
export interface WeighedReplica {
  /** Service, which load balancers call function. */
  readonly service: string;
  readonly zone: string;
  /** HOST:PORT. */
  readonly address: string;
  readonly weight: number;
}

/** The replicas of one function for the load balancers of one zone: the value of a key `golb/function/<zone>/<function>`. */
export interface ZoneWeights {
  readonly zone: string;
  readonly fn: string;
  /** HOST:PORT each. */
  readonly ips: readonly string[];
  /** Of each replica, in the same order. */
  readonly weights: readonly number[];
}

/**
 * Shares replicas among zones with a load balancer: each gets the replicas of its zone and those of zones that have none;
 * or all replicas, if none of these may get a request.
 */
export function weightsPerZone(replicas: readonly WeighedReplica[], zones: readonly string[]): ZoneWeights[] {
  const services = Map.groupBy(replicas, replica => replica.service);
  return [...new Set(zones)].flatMap(zone =>
    [...services].map(([fn, all]) => {
      const own = all.filter(replica => replica.zone === zone || !zones.includes(replica.zone));
      const chosen = own.some(replica => replica.weight > 0) ? own : all;
      return { zone, fn, ips: chosen.map(({ address }) => address), weights: chosen.map(({ weight }) => weight) };
    }),
  );
}
