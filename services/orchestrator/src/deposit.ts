/**
 * What an experiment has put into services that outlive it, and has to take back. It is stored before it is put there, so
 * that an orchestrator that is started after a crash finds it.
 */
export interface Deposit {
  /** Clients, by the name of the load client that hosts them. */
  readonly clients: readonly { readonly worker: string; readonly ids: readonly string[] }[];
  /** Functions that load balancers have weights of, by zone. */
  readonly weights: readonly { readonly zone: string; readonly fn: string }[];
  /** Services in the routing table. */
  readonly routes: readonly string[];
}

export const noDeposit: Deposit = { clients: [], weights: [], routes: [] };

export function isEmpty({ clients, weights, routes }: Deposit): boolean {
  return clients.length === 0 && weights.length === 0 && routes.length === 0;
}
