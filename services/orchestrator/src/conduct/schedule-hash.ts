import type { WorkloadSpec } from '@galileo/experiment';
import { combinedHash } from '@galileo/workload';
import type { WorkerMember } from '../fleet/fleet.ts';

/** A client that had its workload. */
interface LoadedClient {
  readonly id: string;
  readonly worker: WorkerMember;
  readonly workload: Pick<WorkloadSpec, 'arrival'>;
  /** Number over all workloads, in the file's order. */
  readonly index: number;
}

/**
 * One hash over the schedules of all clients, in the file's order; undefined if a client did not draw its schedule to the end,
 * and if none has one. @throws what a call throws
 */
export async function scheduleHashOf(clients: readonly LoadedClient[], signal: AbortSignal): Promise<string | undefined> {
  const perClient = new Map<string, string>();
  for (const { connection } of new Set(clients.map(client => client.worker))) {
    for (let pageToken: string | undefined = ''; pageToken !== undefined; ) {
      const page = await connection.client.listClients({ pageSize: 1000, pageToken }, { signal });
      for (const { description, scheduleHash } of page.clients) perClient.set(description!.clientId, scheduleHash);
      pageToken = page.nextPageToken || undefined;
    }
  }
  const scheduled = clients
    .filter(({ workload }) => workload.arrival.kind !== 'loop')
    .sort((one, other) => one.index - other.index);
  const hashes = scheduled.map(({ id }) => perClient.get(id) ?? '');
  return hashes.length === 0 || hashes.includes('') ? undefined : combinedHash(hashes);
}
