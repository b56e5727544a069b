import { readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { type RecordKindName, recordKinds } from '@galileo/bus';
import type { Ledger, LedgerEntry } from '@galileo/proto/recorder';
import { kindNumber } from '@galileo/reconcile';
import { formatEvent, formatTelemetry, telemetryChannel } from '@galileo/wire';
import { identities } from './load.ts';
import type { ProducerRun, Rig } from './rig.ts';
import type { Promised } from './scenarios.ts';

/** What one life of a producer made, by its own files. */
interface Made {
  readonly run: ProducerRun;
  /** What it was about to publish, and what was in its spool. */
  readonly intended: readonly string[];
  readonly kept: readonly string[];
}

/** What is to be compared. */
export interface Evidence {
  readonly ledger: Ledger;
  readonly made: readonly Made[];
  /** Identities of all rows, one for each. */
  readonly stored: readonly string[];
  /** Identities of all dead letters. */
  readonly rejected: readonly string[];
}

/** The last line may be cut off where the process was killed. */
const linesOf = (file: string) => readFileSync(file, 'utf8').split('\n').slice(0, -1);

/** Reads the files of the producers, and the SQLite file by a connection of its own. */
export function gatherEvidence({ producers, store, experimentId }: Rig, ledger: Ledger): Evidence {
  const made = producers.flatMap(({ runs }) =>
    runs.map(run => ({ run, intended: linesOf(`${run.files}.intended`), kept: linesOf(`${run.files}.kept`) })),
  );
  const database = new DatabaseSync(store, { readOnly: true });
  try {
    const rows = <T>(columns: string, table: string) =>
      database.prepare(`SELECT ${columns} FROM ${table} WHERE EXP_ID = ?`).all(experimentId) as T[];
    const traces = rows<{ id: string }>('REQUEST_ID AS id', 'traces').map(({ id }) => identities.trace(id));
    const samples = rows<{ node: string; metric: string; subsystem: string | null; timestamp: number; value: number }>(
      'NODE AS node, METRIC AS metric, SUBSYSTEM AS subsystem, TIMESTAMP AS timestamp, VALUE AS value',
      'telemetry',
    ).map(({ node, metric, subsystem, timestamp, value }) =>
      identities.telemetry(telemetryChannel(node, metric, subsystem), formatTelemetry(timestamp, value)),
    );
    const events = rows<{ timestamp: number; name: string; value: string }>(
      'TIMESTAMP AS timestamp, NAME AS name, VALUE AS value',
      'events',
    ).map(event => identities.event(formatEvent(event)));
    const letters = rows<{ kind: RecordKindName; channel: string; line: string }>(
      'KIND AS kind, CHANNEL AS channel, LINE AS line',
      'dead_letters',
    ).map(({ kind, channel, line }) => (kind === 'telemetry' ? identities.telemetry(channel, line) : `${kind} ${line}`));
    return { ledger, made, stored: [...traces, ...samples, ...events], rejected: letters };
  } finally {
    database.close();
  }
}

const ofKind = (all: Iterable<string>, kind: RecordKindName) => Iterator.from(all).filter(text => text.startsWith(`${kind} `));
const countOf = (all: Iterable<string>, kind: RecordKindName) => ofKind(all, kind).reduce(count => count + 1, 0);

/** Names the first few. */
function named(what: string, found: Iterable<string>): string[] {
  const all = [...found];
  return all.length === 0 ? [] : [`${what}: ${all.length}, such as ${all.slice(0, 3).join(' | ')}`];
}

function* repeatedIn(all: readonly string[]): Generator<string> {
  const seen = new Set<string>();
  for (const one of all) {
    if (seen.has(one)) yield one;
    seen.add(one);
  }
}

const without = (all: ReadonlySet<string>, others: ReadonlySet<string>) => [...all].filter(one => !others.has(one));

/** The entry of a kind; all zero if the ledger has none. */
export function entryOf({ entries }: Ledger, kind: RecordKindName): LedgerEntry {
  const none = { kind: kindNumber(kind), produced: 0, stored: 0, rejected: 0, lost: 0, unverified: 0, unsettled: 0 };
  return entries.find(entry => entry.kind === kindNumber(kind)) ?? none;
}

function problemsOfKind({ ledger, made, stored, rejected }: Evidence, kind: RecordKindName, promised: Promised): string[] {
  const { produced, lost, unverified, ...entry } = entryOf(ledger, kind);
  const arrived = new Set([...ofKind(stored, kind), ...ofKind(rejected, kind)]);
  const intended = made.reduce((sum, one) => sum + countOf(one.intended, kind), 0);
  const known = made.filter(({ run }) => !run.wiped).reduce((sum, one) => sum + countOf(one.kept, kind), 0);
  const absent = made.flatMap(({ kept }) => [...ofKind(kept, kind)]).filter(identity => !arrived.has(identity)).length;
  const problems: string[] = [];
  const expect = (holds: boolean, what: string) => {
    if (!holds) problems.push(`${kind}: ${what}`);
  };
  expect(
    produced === entry.stored + entry.rejected + lost,
    `${produced} produced, but ${entry.stored} stored + ${entry.rejected} rejected + ${lost} lost`,
  );
  expect(entry.stored === countOf(stored, kind), `${entry.stored} stored, but ${countOf(stored, kind)} rows`);
  expect(entry.rejected === countOf(rejected, kind), `${entry.rejected} rejected, but ${countOf(rejected, kind)} dead letters`);
  expect(known <= produced && produced <= intended, `${produced} produced, but its producers made ${known} to ${intended}`);
  expect(unverified === 0, `${unverified} unverified, but all producers state what they make`);
  if (promised === 'nothing lost') expect(lost === 0, `${lost} lost, but nothing should be`);
  else if (promised === 'declared') expect(lost === absent, `${lost} lost, but ${absent} are absent`);
  else expect(lost <= absent, `${lost} lost, but only ${absent} are absent`);
  return problems;
}

/** Everything that is not as it should be, in words; nothing if all is well. */
export function problemsOf(evidence: Evidence, promised: Promised): string[] {
  const { ledger, made, stored, rejected } = evidence;
  const arrived = [...stored, ...rejected];
  const present = new Set(arrived);
  const intended = new Set(made.flatMap(one => one.intended));
  const problems = recordKinds.flatMap(kind => problemsOfKind(evidence, kind, promised));
  problems.push(...ledger.mismatches.map(mismatch => `mismatch: ${mismatch}`));
  problems.push(...named('there more than once', repeatedIn(arrived)));
  problems.push(...named('there, but nobody made it', without(present, intended)));
  if (promised !== 'declared') {
    const kept = made.filter(({ run }) => !run.wiped).flatMap(one => one.kept);
    problems.push(...named('made, but not there', without(new Set(kept), present)));
  } else if (recordKinds.every(kind => entryOf(ledger, kind).lost === 0)) problems.push('nothing was lost: no cap was reached');
  const undisturbed = made.filter(({ run, intended: about, kept }) => !run.killed && about.length !== kept.length);
  problems.push(
    ...named(
      'producers whose files differ though they were not killed',
      undisturbed.map(({ run }) => run.producerId),
    ),
  );

  const wiped = made.filter(({ run }) => run.wiped).map(({ run }) => run.producerId);
  const missing = [...ledger.missingProducers].sort().join(', ');
  if (ledger.final !== (missing === '')) problems.push(`final is ${ledger.final}, but missing producers are: ${missing}`);
  if (missing !== wiped.sort().join(', ')) problems.push(`missing producers are: ${missing}; they should be: ${wiped}`);
  return problems;
}
