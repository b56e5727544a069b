import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Credentials, waitForServing } from '@galileo/service';
import { type Certificates, freePort, type ServiceProcess, startService, until } from '@galileo/testkit';
import { expect } from 'vitest';
import type { Cluster, MemberName } from './cluster.ts';

/** A further service that is like a member of a cluster but for some variables. */
export interface Odd {
  readonly member: MemberName;
  readonly variables: (certificates: Certificates) => Readonly<Record<string, string>>;
  /** What it says is wrong; HOST:PORT of Redis and etcd are REDIS and ETCD. */
  readonly says: string | RegExp;
  /** On how many connections it says so; 1 unless told. */
  readonly connections?: number;
}

export interface Started {
  readonly what: string;
  readonly odd: Odd;
  readonly address: string;
  readonly process: ServiceProcess;
}

/** Starts further services at once. */
export function startOdd(cluster: Cluster, certificates: Certificates, directory: string, rows: Readonly<Record<string, Odd>>) {
  return Promise.all(
    Object.entries(rows).map(async ([what, odd], index): Promise<Started> => {
      const address = `127.0.0.1:${await freePort()}`;
      const own = { galileo_data_dir: join(directory, `${index}`), galileo_expdb_sqlite_path: join(directory, `${index}.db`) };
      const names = { galileo_worker_name: `odd-${index}`, telemd_nodename: `odd-${index}`, eb_go_lb_node_name: `odd-${index}` };
      const ports = { galileo_grpc_listen: address, eb_go_lb_listen_port: '0' };
      const environment = { ...cluster.environmentOf(odd.member), ...own, ...names, ...odd.variables(certificates) };
      const service = odd.member.replace(/-[ab]$/, '');
      return { what, odd, address, process: await startService(service, { ...environment, ...ports }) };
    }),
  );
}

/** The reasons in the warnings of a process's log. */
export function reasonsOf({ redis, etcd, recorder }: Cluster, process: ServiceProcess): string[] {
  const named = (text: string) =>
    text.replaceAll(redis.address, 'REDIS').replaceAll(etcd.address, 'ETCD').replaceAll(recorder, 'RECORDER');
  return process.log().flatMap(({ level, reason }) => (level >= 40 && typeof reason === 'string' ? [named(reason)] : []));
}

export const fits = (says: string | RegExp, text: string) => (typeof says === 'string' ? text === says : says.test(text));

/** Each says what is wrong, once per connection, and goes on trying without a further word; none serves. */
export async function expectRefused(cluster: Cluster, started: readonly Started[], credentials: Credentials): Promise<void> {
  const said = ({ odd, process }: Started) => reasonsOf(cluster, process).filter(reason => fits(odd.says, reason)).length;
  for (const each of started) {
    await until(`"${each.what}": ${each.odd.says}`, () => said(each) >= (each.odd.connections ?? 1), 40).catch(error => {
      throw new Error(`${error.message}\n${each.process.output()}`);
    });
  }
  // Long enough for one more attempt, before which it is waited for at most 2 s.
  await sleep(2500);
  for (const { what, odd, address, process } of started) {
    const warnings = process.log().filter(({ level, reason }) => level >= 40 && reason !== undefined);
    expect(
      warnings.map(({ reason }) => reason),
      what,
    ).toHaveLength(odd.connections ?? 1);
    await expect(waitForServing(address, 0.3, { credentials }), what).rejects.toThrow('not serving');
    expect(process.running, what).toBe(true);
  }
}

/** What a command says to whom does not get in, and what the other side's log says of it. */
export interface Refusal {
  readonly variables: (certificates: Certificates) => Readonly<Record<string, string>>;
  readonly code: number;
  /** ADDRESS stands for the orchestrator's. */
  readonly told: string | RegExp;
  readonly logged: readonly string[];
}

export async function expectRefusal(cluster: Cluster, certificates: Certificates, row: Refusal): Promise<string> {
  const orchestrator = cluster.member('orchestrator');
  // Whether it has reached the recorder at once is another matter.
  const isAside = (message: unknown) => message === 'no connection to the recorder; trying again';
  const warnings = () => orchestrator.log().filter(({ level, msg }) => level >= 40 && !isAside(msg));
  const before = warnings().length;
  const variables = { GRPC_VERBOSITY: '', ...row.variables(certificates) };
  const { code, stdout, stderr } = await cluster.galileo(['experiments', 'ls'], variables);
  const told = stderr.replaceAll(cluster.orchestrator, 'ADDRESS').trimEnd();
  if (typeof row.told === 'string') expect(told).toBe(`galileo: ${row.told}`);
  else expect(told).toMatch(row.told);
  expect({ code, stdout }).toEqual({ code: row.code, stdout: '' });
  const lines = () => warnings().slice(before);
  await until('the line in the log', () => lines().length >= row.logged.length);
  expect(lines().map(({ level, reason }) => [level, reason])).toEqual(row.logged.map(reason => [40, reason]));
  return stderr;
}
