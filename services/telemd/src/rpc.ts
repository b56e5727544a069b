import { TelemdDefinition } from '@galileo/proto/telemd';
import { type BoundService, bind, invalidArgument, notFound } from '@galileo/service';
import { type Agent, type InstrumentStatus, PeriodError, UnknownInstrumentError } from './agent.ts';
import { type NamedProcess, NoSuchProcessError, type ProcessTable } from './processes/process-table.ts';

export interface TelemdDependencies {
  readonly agent: Agent;
  readonly processes: ProcessTable;
  readonly node: string;
  readonly readInfo: () => Promise<Record<string, string>>;
}

/** The store's column for a subsystem is no wider. */
const longestName = 100;
const greatestPid = 2 ** 22;

/** @throws ServerError INVALID_ARGUMENT naming the entry, what was found and what is allowed */
function validateProcesses(processes: readonly NamedProcess[]): void {
  const names = new Set<string>();
  const pids = new Map<number, string>();
  for (const [index, { name, pid }] of processes.entries()) {
    const field = `processes[${index}]`;
    if (/[\s/]/.test(name) || name.length > longestName) {
      throw invalidArgument(
        `${field}.name: found ${JSON.stringify(name)}; allowed: up to ${longestName} characters without white space and "/"`,
      );
    }
    if (name !== '' && names.has(name))
      throw invalidArgument(`${field}.name: ${JSON.stringify(name)} is there twice; allowed: a name of its own for each`);
    if (pid < 1 || pid > greatestPid) throw invalidArgument(`${field}.pid: found ${pid}; allowed: 1 to ${greatestPid}`);
    const other = pids.get(pid);
    if (other !== undefined)
      throw invalidArgument(`${field}.pid: ${pid} is already named ${JSON.stringify(other)}; allowed: one name for each`);
    names.add(name);
    pids.set(pid, name);
  }
}

function translate(error: unknown): never {
  if (error instanceof UnknownInstrumentError || error instanceof NoSuchProcessError) throw notFound(error.message);
  if (error instanceof PeriodError) throw invalidArgument(error.message);
  throw error;
}

function describe(status: InstrumentStatus) {
  const { name, period, samples, failures, meanDuration } = status;
  const unavailable = status.unavailable ?? '';
  return { name, period, samples, failures, meanDuration, unavailable, enabled: status.switchedOn && unavailable === '' };
}

export function telemdService({ agent, processes, node, readInfo }: TelemdDependencies): BoundService {
  return bind(TelemdDefinition, {
    getNodeInfo: async () => ({ node, info: await readInfo() }),
    listInstruments: async () => ({
      instruments: agent
        .list()
        .map(describe)
        .sort((one, other) => (one.name < other.name ? -1 : 1)),
    }),
    async setPeriod({ instrument, period }) {
      try {
        const named = instrument === '' ? agent.list().map(({ name }) => name) : [instrument];
        for (const name of named) agent.setPeriod(name, period);
      } catch (error) {
        translate(error);
      }
      return {};
    },
    async setProcesses(request) {
      validateProcesses(request.processes);
      try {
        processes.replace(request.processes);
      } catch (error) {
        translate(error);
      }
      return {};
    },
    async pause() {
      agent.pause();
      return {};
    },
    async unpause() {
      agent.unpause();
      return {};
    },
  });
}
