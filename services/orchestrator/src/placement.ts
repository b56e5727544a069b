import type { WorkloadSpec } from '@galileo/experiment';

/** A load client service that clients can be put on. */
export interface Host {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** The clients of one workload on one host, in the order in which they are to be created there. */
export interface PlacedClients<H extends Host> {
  readonly workload: WorkloadSpec;
  readonly host: H;
  /** Number of each client over all workloads, in the file's order: what its seed is made from. */
  readonly indices: readonly number[];
}

/** There is no host for a workload. */
export class PlacementError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'PlacementError';
  }
}

/** The workloads that no host carries the labels of, each with a sentence that names them and what the hosts have. */
export function unplaceable(
  workloads: readonly WorkloadSpec[],
  hosts: readonly Host[],
): { readonly workload: WorkloadSpec; readonly message: string }[] {
  return workloads
    .filter(workload => !hosts.some(host => carries(host, workload.workerLabels)))
    .map(workload => ({ workload, message: noHost(workload, hosts) }));
}

/** `galileo_zone=main, kind=pi` */
export function labelsText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(', ');
}

/**
 * Spreads each workload's clients evenly, in turn, over the hosts that carry all of its labels (over all hosts if
 * `labelled` is false).
 * @throws PlacementError that names the labels and what the hosts have.
 */
export function placeClients<H extends Host>(
  workloads: readonly WorkloadSpec[],
  hosts: readonly H[],
  labelled: boolean,
): PlacedClients<H>[] {
  const placed: PlacedClients<H>[] = [];
  let first = 0;
  for (const workload of workloads) {
    const eligible = labelled ? hosts.filter(host => carries(host, workload.workerLabels)) : hosts;
    if (eligible.length === 0) throw new PlacementError(noHost(workload, hosts));
    for (const [position, host] of eligible.entries()) {
      const indices: number[] = [];
      for (let n = position; n < workload.clients; n += eligible.length) indices.push(first + n);
      if (indices.length > 0) placed.push({ workload, host, indices });
    }
    first += workload.clients;
  }
  return placed;
}

function carries(host: Host, labels: Readonly<Record<string, string>>): boolean {
  return Object.entries(labels).every(([name, value]) => host.labels[name] === value);
}

function noHost(workload: WorkloadSpec, hosts: readonly Host[]): string {
  const wanted = labelsText(workload.workerLabels);
  const found = hosts.map(host => `${host.name} (${labelsText(host.labels)})`).join(', ') || 'none';
  return `no load client has the labels ${wanted} of the workload for ${workload.service}; found: ${found}`;
}
