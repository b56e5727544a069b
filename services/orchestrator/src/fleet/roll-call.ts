import { setTimeout as sleep } from 'node:timers/promises';
import type { Credentials } from '@galileo/service';
import { type AgentMember, type BalancerMember, FleetError, type Members, type WorkerMember } from './fleet.ts';
import { meetAgent, meetBalancer, meetWorker } from './meet.ts';
import type { Kind, Missing } from './missing.ts';
import type { Candidate, Source } from './sources.ts';

export interface RollCallOptions {
  readonly sources: readonly Source[];
  readonly credentials: Credentials;
  /** Seconds that what is missing is waited for. */
  readonly timeout: number;
  /** Seconds that services which were found and don't answer are waited for although nothing is missing. */
  readonly patience?: number;
  /** Finds what members lack. */
  missing(members: Members): readonly Missing[];
  /** Told what is waited for. */
  onWait(awaited: string): void;
  /** Told of a service that was found and is left out. */
  onLeftOut(text: string): void;
  readonly signal: AbortSignal;
}

/** Members that have answered. Disposing it closes the connections to them. */
export interface Roll extends Members, Disposable {}

type Member = WorkerMember | BalancerMember | AgentMember;

/** Milliseconds between two rounds. */
const interval = 200;

const names: Readonly<Record<Kind, string>> = {
  client: 'load client',
  loadbalancer: 'load balancer',
  telemd: 'telemetry agent',
};

/** `load client one at 10.0.0.1:50051` */
function describe({ kind, name, address }: Candidate): string {
  return name === address ? `${names[kind]} at ${address}` : `${names[kind]} ${name} at ${address}`;
}

/**
 * Gets members together: those that are there and answer, once nothing is missing any more. One that was announced and
 * does not answer (its key outlives it by some seconds) is left out.
 * @throws FleetError that names what is missing and what was found, or the signal's reason
 */
export async function callRoll(options: RollCallOptions): Promise<Roll> {
  const { sources, timeout, patience = 2, signal } = options;
  const met = new Map<string, { readonly candidate: Candidate; readonly member: Member }>();
  const begin = performance.now();
  try {
    for (;;) {
      const round = await takeRound(sources, met, options);
      const members = membersOf(round.listed.flatMap(candidate => met.get(keyOf(candidate)) ?? []));
      const missing = [...round.troubles, ...round.absentGiven, ...options.missing(members)];
      const waited = (performance.now() - begin) / 1000;
      if (missing.length === 0 && (round.absent.length === 0 || waited >= patience)) {
        const kept = new Set(round.listed.map(keyOf));
        for (const [key, { member }] of met) if (!kept.has(key)) member.connection[Symbol.dispose]();
        for (const { candidate, problem } of round.absent) {
          options.onLeftOut(`${describe(candidate)} is announced and does not answer: it is left out (${problem})`);
        }
        return { ...members, [Symbol.dispose]: () => closeAll(membersList(members)) };
      }
      if (missing.length > 0) {
        if (missing.every(({ kind }) => isComplete(kind, sources, round))) throw new FleetError(sentence(missing));
        if (waited >= timeout) throw new FleetError(`${sentence(missing)} (waited ${timeout} s)${leftOut(round.absent)}`);
        options.onWait([...new Set(missing.map(({ awaited }) => awaited))].join(', '));
      }
      await sleep(interval, undefined, { signal });
    }
  } catch (error) {
    closeAll([...met.values()].map(({ member }) => member));
    signal.throwIfAborted();
    throw error;
  }
}

interface Absent {
  readonly candidate: Candidate;
  /** What is wrong with it. */
  readonly problem: string;
}

interface Round {
  readonly listed: readonly Candidate[];
  /** Sources that can't be asked. */
  readonly troubles: readonly Missing[];
  /** Those that were given, have to be there, and don't answer. */
  readonly absentGiven: readonly Missing[];
  /** Those that were found and don't answer. */
  readonly absent: readonly Absent[];
}

/** Asks all sources, and meets whom it has not met. */
async function takeRound(
  sources: readonly Source[],
  met: Map<string, { candidate: Candidate; member: Member }>,
  { credentials, signal }: RollCallOptions,
): Promise<Round> {
  const listed: Candidate[] = [];
  const troubles: Missing[] = [];
  for (const source of sources) {
    try {
      listed.push(...(await source.find()));
    } catch (error) {
      signal.throwIfAborted();
      const message = `${names[source.kind]}s can't be looked for: ${(error as Error).message}`;
      troubles.push({ kind: source.kind, awaited: 'Redis', message });
    }
  }
  const absent: Absent[] = [];
  const absentGiven: Missing[] = [];
  const meetOne = async (candidate: Candidate): Promise<void> => {
    try {
      met.set(keyOf(candidate), { candidate, member: await meet(candidate, { credentials, signal }) });
    } catch (error) {
      const problem = (error as Error).message;
      const { kind } = candidate;
      if (!sources.some(source => source.kind === kind && source.given)) absent.push({ candidate, problem });
      else
        absentGiven.push({
          kind,
          awaited: `the ${describe(candidate)}`,
          message: `the ${describe(candidate)} can't be used: ${problem}`,
        });
    }
  };
  await Promise.all(listed.filter(candidate => !met.has(keyOf(candidate))).map(meetOne));
  signal.throwIfAborted();
  return { listed, troubles, absentGiven, absent };
}

function meet(candidate: Candidate, call: { credentials: Credentials; signal: AbortSignal }): Promise<Member> {
  const { kind, address, data } = candidate;
  if (kind === 'client') return meetWorker(address, call);
  return kind === 'loadbalancer' ? meetBalancer(address, data, call) : meetAgent(address, call);
}

function keyOf({ kind, address }: Candidate): string {
  return `${kind} ${address}`;
}

function membersOf(met: readonly { candidate: Candidate; member: Member }[]): Members {
  const of = (kind: Kind) => met.filter(({ candidate }) => candidate.kind === kind).map(({ member }) => member);
  return {
    workers: of('client') as WorkerMember[],
    balancers: of('loadbalancer') as BalancerMember[],
    agents: of('telemd') as AgentMember[],
  };
}

function membersList({ workers, balancers, agents }: Members): Member[] {
  return [...workers, ...balancers, ...agents];
}

/** Is there nothing more to come of a kind: all were given, and all have answered? */
function isComplete(kind: Kind, sources: readonly Source[], { absentGiven }: Round): boolean {
  return sources.some(source => source.kind === kind && source.given) && !absentGiven.some(entry => entry.kind === kind);
}

function sentence(missing: readonly Missing[]): string {
  return missing.map(({ message }) => message).join('; ');
}

function leftOut(absent: readonly Absent[]): string {
  if (absent.length === 0) return '';
  return `; left out: ${absent.map(({ candidate, problem }) => `${describe(candidate)} (${problem})`).join(', ')}`;
}

function closeAll(members: readonly Member[]): void {
  for (const { connection } of members) connection[Symbol.dispose]();
}
