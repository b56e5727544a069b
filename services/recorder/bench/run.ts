import { cpus } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Ledger, RecorderDefinition } from '@galileo/proto/recorder';
import { connect } from '@galileo/service';
import { temporaryDirectory } from '@galileo/testkit';
import { bundleProgram } from '../../../tools/bundle.ts';
import { startChild } from './child.ts';
import type { Bus, Load, Produced, RecorderFigures } from './messages.ts';

export interface RunOptions {
  readonly programs: Programs;
  readonly bus: Bus;
  /** Load of all producers together. */
  readonly load: Load;
  /** Records that are recorded before, so that what is measured runs compiled. */
  readonly warmUp: number;
  /** Rows per second that the store is held at. */
  readonly rowsPerSecond?: number;
  /** Directory for CPU profiles of all processes. */
  readonly profiles?: string | undefined;
}

export interface Outcome {
  readonly stored: number;
  readonly lost: number;
  /** From the first record to all durable, seconds. */
  readonly seconds: number;
  /** From the last record's publication to all durable, seconds. */
  readonly drainSeconds: number;
  /** CPU of the recorder, and of all producers, from the start of the recording until its ledger is settled, microseconds. */
  readonly recorderCpu: number;
  readonly producerCpu: number;
  readonly peakRss: number;
  /** Part of the machine's CPU time that other processes took, which a rate has to be read with. */
  readonly others: number;
}

/** The programs of the bench, each in one file, as services are shipped: compiling their sources takes memory of its own. */
export interface Programs {
  readonly recorder: string;
  readonly producer: string;
}

/** Bundles the programs into a directory. */
export async function bundlePrograms(directory: string): Promise<Programs> {
  const programs = { recorder: join(directory, 'recorder.mjs'), producer: join(directory, 'producer.mjs') };
  for (const name of ['recorder', 'producer'] as const) {
    await bundleProgram(join(import.meta.dirname, `${name}-process.ts`), programs[name]);
  }
  return programs;
}

const nodes = ['node-a', 'node-b'];

/** Seconds that a recording may take to settle. */
const patience = 300;

function countRows(path: string, expId: string): number {
  using database = new DatabaseSync(path, { readOnly: true });
  const count = (table: string) =>
    Number(database.prepare(`SELECT COUNT(*) AS n FROM ${table} WHERE EXP_ID = ?`).get(expId)!['n']);
  return count('telemetry') + count('traces');
}

/**
 * Records that the ledger calls lost.
 * @throws Error if it doesn't balance, isn't final, or the rows say something else
 */
function lostOf(ledger: Ledger, stored: number, expected: number): number {
  const sum = (field: 'produced' | 'stored' | 'lost') => ledger.entries.reduce((total, entry) => total + entry[field], 0);
  const lost = sum('lost');
  const balances = sum('produced') === expected && sum('stored') === stored && stored + lost === expected;
  if (!balances || !ledger.final || (lost === 0 && ledger.mismatches.length > 0)) {
    throw new Error(`${expected} produced, ${stored} stored, ledger: ${JSON.stringify(ledger)}`);
  }
  return lost;
}

/** CPU time of the machine, busy and all, microseconds. */
function machineTime(): { readonly busy: number; readonly all: number } {
  let [busy, all] = [0, 0];
  for (const { times } of cpus()) {
    const used = times.user + times.nice + times.sys + times.irq;
    busy += used * 1000;
    all += (used + times.idle) * 1000;
  }
  return { busy, all };
}

/** Records a load of two producers with a recorder, all in processes of their own, and checks that the ledger balances with the rows. */
export async function run({ programs, bus, load, warmUp, rowsPerSecond, profiles }: RunOptions): Promise<Outcome> {
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(await temporaryDirectory());
  const sqlitePath = join(directory.path, 'store.db');
  const recorder = stack.use(await startChild(programs.recorder, { bus, sqlitePath, rowsPerSecond }, profiles));
  const { address } = recorder.greeting as { address: string };
  const starting = nodes.map(node => startChild(programs.producer, { bus, recorder: address, node }, profiles));
  const producers = (await Promise.all(starting)).map(producer => stack.use(producer));
  const { client } = stack.use(connect(RecorderDefinition, address, { timeout: patience + 10 }));

  const record = async (experimentId: string, { records, perSecond, kind }: Load) => {
    await client.startRecording({ experimentId });
    const machineBefore = machineTime();
    const before = await recorder.ask<RecorderFigures>({});
    const share: Load = {
      kind,
      records: records / nodes.length,
      ...(perSecond !== undefined && { perSecond: perSecond / nodes.length }),
    };
    const produced = await Promise.all(producers.map(producer => producer.ask<Produced>(share)));
    const { ledger } = await client.stopRecording({ experimentId, timeout: patience });
    const after = await recorder.ask<RecorderFigures>({});
    const machineAfter = machineTime();
    const stored = countRows(sqlitePath, experimentId);
    const recorderCpu = after.cpu - before.cpu;
    const producerCpu = produced.reduce((sum, { cpu }) => sum + cpu, 0);
    return {
      stored,
      lost: lostOf(ledger!, stored, records),
      seconds: after.durable - Math.min(...produced.map(({ begun }) => begun)),
      drainSeconds: Math.max(0, after.durable - Math.max(...produced.map(({ ended }) => ended))),
      recorderCpu,
      producerCpu,
      peakRss: after.peakRss,
      others: (machineAfter.busy - machineBefore.busy - recorderCpu - producerCpu) / (machineAfter.all - machineBefore.all),
    };
  };

  if (warmUp > 0) await record('warm-up', { kind: load.kind, records: warmUp });
  return await record('measured', load);
}
