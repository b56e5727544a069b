/** A worker and how many clients it has. */
export interface WorkerLoad {
  readonly worker: string;
  readonly clients: number;
}

/**
 * How many of `num` new clients go to which worker, as Galileo's controller spreads them: one after the other to the worker
 * with the fewest, on a tie to the first. Workers that get none are left out; the order is that of the first client.
 */
export function spreadClients(num: number, workers: readonly WorkerLoad[]): Map<string, number> {
  const loads = workers.map(({ worker, clients }) => ({ worker, clients }));
  const placed = new Map<string, number>();
  for (let n = 0; n < num && loads.length > 0; n++) {
    const least = loads.reduce((best, load) => (load.clients < best.clients ? load : best));
    least.clients++;
    placed.set(least.worker, (placed.get(least.worker) ?? 0) + 1);
  }
  return placed;
}
