import { parseThreshold, ThresholdError } from '@galileo/analysis';
import { span } from './fields.ts';
import { notAllowed } from './issues.ts';
import type { Path, Problem } from './problem.ts';
import { hasReference } from './references.ts';
import type { Source } from './source.ts';

// What takes fields of several mappings to see. It reads the file as it is, so that it finds its problems beside those of
// the schema: what does not fit the schema is passed over here.

function get(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}

function items(value: unknown, key: string): unknown[] {
  const found = get(value, key);
  return Array.isArray(found) ? found : [];
}

/** Names of the services, each with where it stands; a name that is no text is left out. */
function serviceNames(source: Source): { name: string; path: Path }[] {
  return items(source.value, 'services').flatMap((service, index) => {
    const name = get(service, 'name');
    return typeof name === 'string' ? [{ name, path: ['services', index, 'name'] }] : [];
  });
}

/** Names as they stand in the file: what came from the environment is not shown. */
function shown(source: Source, services: readonly { path: Path }[]): string[] {
  return [...new Set(services.map(service => source.textAt(service.path) ?? ''))];
}

function nameProblems(source: Source): Problem[] {
  const problems: Problem[] = [];
  const seen = new Set<string>();
  for (const { name, path } of serviceNames(source)) {
    if (seen.has(name)) problems.push(source.problemAt(path, `found ${source.written(path)} a second time; allowed: once`));
    seen.add(name);
    // Processes are told apart by name, and the load client's is client-0.
    if (name === 'client') {
      problems.push(
        source.problemAt(path, `found ${source.written(path)}; allowed: another name, this one is the load client's`),
      );
    }
  }
  return problems;
}

function workloadProblems(source: Source): Problem[] {
  const services = serviceNames(source);
  if (services.length === 0) return [];
  return items(source.value, 'workloads').flatMap((workload, index) => {
    const path = ['workloads', index, 'service'];
    const name = get(workload, 'service');
    if (typeof name !== 'string' || services.some(service => service.name === name)) return [];
    return [source.problemAt(path, notAllowed(source.written(path), source.textAt(path), shown(source, services)))];
  });
}

/** A service's route leads to its load balancers, or, for gRPC, to its replicas. */
function protocolProblems(source: Source): Problem[] {
  const first = new Map<unknown, string>();
  return items(source.value, 'workloads').flatMap((workload, index) => {
    const service = get(workload, 'service');
    const protocol = get(get(workload, 'request'), 'protocol') ?? 'http';
    if (typeof service !== 'string' || typeof protocol !== 'string') return [];
    const other = first.get(service) ?? protocol;
    first.set(service, other);
    if (other === protocol) return [];
    const message = `found ${protocol} for ${source.written(['workloads', index, 'service'])}, which another workload calls over ${other}; allowed: one protocol for a service`;
    return [source.problemAt(['workloads', index, 'request', 'protocol'], message)];
  });
}

/** A workload says in one way what is sent. */
function sentProblems(source: Source): Problem[] {
  return items(source.value, 'workloads').flatMap((workload, index) => {
    if (typeof workload !== 'object' || workload === null || Array.isArray(workload)) return [];
    const path: Path = ['workloads', index];
    const [request, app] = [get(workload, 'request'), get(workload, 'app')];
    if (request !== undefined && app !== undefined) {
      return [source.problemAt([...path, 'app'], 'found app beside request; allowed: one of them')];
    }
    if (request !== undefined || app !== undefined) return [];
    return [
      source.problemAt([...path, 'request'], 'is missing; allowed: a mapping with a path, or instead of it app with a name'),
    ];
  });
}

function warmupProblems(source: Source): Problem[] {
  const schema = span(0);
  const duration = schema.safeParse(get(source.value, 'duration'));
  const warmup = schema.safeParse(get(source.value, 'warmup'));
  if (!duration.success || !warmup.success || warmup.data === 0 || warmup.data < duration.data) return [];
  const message = `found ${source.written(['warmup'])}; allowed: less than the duration, ${source.written(['duration'])}`;
  return [source.problemAt(['warmup'], message)];
}

function thresholdProblem(source: Source, path: Path, expression: string): Problem | undefined {
  const written = source.textAt(path) ?? '';
  try {
    const { service } = parseThreshold(expression);
    const services = serviceNames(source);
    if (service === undefined || services.length === 0 || services.some(({ name }) => name === service)) return undefined;
    const found = `the service ${hasReference(written) ? 'of' : JSON.stringify(service)} in ${JSON.stringify(written)}`;
    return source.problemAt(path, notAllowed(found, hasReference(written) ? undefined : service, shown(source, services)));
  } catch (error) {
    if (!(error instanceof ThresholdError)) throw error;
    if (hasReference(written)) return source.problemAt(path, `found ${JSON.stringify(written)}; allowed: ${error.allowed}`);
    const found =
      error.found === ''
        ? `the end of ${JSON.stringify(written)}`
        : `${JSON.stringify(error.found)} in ${JSON.stringify(written)}`;
    return source.problemWithin(path, error.position, `found ${found}; allowed: ${error.allowed}`);
  }
}

function thresholdProblems(source: Source): Problem[] {
  return items(source.value, 'thresholds').flatMap((expression, index) => {
    if (typeof expression !== 'string' || expression.trim() === '') return [];
    return thresholdProblem(source, ['thresholds', index], expression) ?? [];
  });
}

/** Each service needs a way to its replicas; here it has to be `process` or `external`. */
function runnerProblem(source: Source, service: unknown, path: Path, runner: 'process' | undefined): Problem | undefined {
  const ways = ['process', 'external', 'kubernetes'].filter(way => get(service, way) !== undefined);
  if (runner === undefined) {
    if (ways.length > 0) return undefined;
    return source.problemAt(path, 'found none of process, external and kubernetes; allowed: at least one of them');
  }
  const here = ways.filter(way => way !== 'kubernetes');
  if (here.length === 0) {
    const message =
      'is missing; allowed: a mapping with a command, since replicas are started as processes, or instead of it external with addresses';
    return source.problemAt([...path, 'process'], message);
  }
  if (here.length === 1) return undefined;
  return source.problemAt([...path, 'external'], 'found external beside process; allowed: one of them');
}

/** Replicas of a service; a count that is no number is told by the schema. */
function replicaCount(service: unknown): number {
  const replicas = get(service, 'replicas') === undefined ? [{}] : items(service, 'replicas');
  const counts = replicas.map(replica => get(replica, 'count') ?? 1).filter(count => typeof count === 'number');
  return counts.reduce((sum, count) => sum + count, 0);
}

/** On one machine a port serves one replica. */
function portProblem(source: Source, service: unknown, path: Path): Problem | undefined {
  const port = get(get(service, 'process'), 'port');
  const total = replicaCount(service);
  if (typeof port !== 'number' || total <= 1) return undefined;
  return source.problemAt([...path, 'process', 'port'], `found ${port} for ${total} replicas on one machine; allowed: auto`);
}

/** Each replica has an address of its own. */
function addressProblems(source: Source, service: unknown, path: Path): Problem[] {
  const external = get(service, 'external');
  const addresses = items(external, 'addresses');
  if (addresses.length === 0) return [];
  const own: Path = [...path, 'external', 'addresses'];
  const twice = addresses.flatMap((address, index) => {
    if (addresses.indexOf(address) === index) return [];
    const place = [...own, index];
    return [source.problemAt(place, `found ${source.written(place)} a second time; allowed: once`)];
  });
  const total = replicaCount(service);
  if (addresses.length === total) return twice;
  const [found, allowed] = [counted(addresses.length, 'address', 'addresses'), counted(total, 'replica', 'replicas')];
  return [...twice, source.problemAt(own, `found ${found} for ${allowed}; allowed: one for each replica`)];
}

function counted(count: number, one: string, several: string): string {
  return `${count} ${count === 1 ? one : several}`;
}

function serviceProblems(source: Source, runner: 'process' | undefined): Problem[] {
  return items(source.value, 'services').flatMap((service, index) => {
    if (typeof service !== 'object' || service === null || Array.isArray(service)) return [];
    const path: Path = ['services', index];
    const port = runner === 'process' ? portProblem(source, service, path) : undefined;
    const found = [runnerProblem(source, service, path, runner), port].filter(problem => problem !== undefined);
    return [...found, ...addressProblems(source, service, path)];
  });
}

/** Finds what does not go together. With `runner: 'process'` also what can't be carried out on processes and external replicas. */
export function inconsistencies(source: Source, runner: 'process' | undefined): Problem[] {
  return [
    ...nameProblems(source),
    ...workloadProblems(source),
    ...protocolProblems(source),
    ...sentProblems(source),
    ...warmupProblems(source),
    ...thresholdProblems(source),
    ...serviceProblems(source, runner),
  ];
}
