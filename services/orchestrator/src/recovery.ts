import type { ExperimentStore } from '@galileo/expdb';
import type { Ledger } from '@galileo/proto/recorder';
import type { Clock, Logger } from '@galileo/service';
import { type Deposit, isEmpty, noDeposit } from './deposit.ts';
import { isFinal, parseState } from './experiment-state.ts';
import { formatSummary, parseSummary, type Summary } from './summary.ts';

type Store = Pick<ExperimentStore, 'experiments' | 'traces'>;

/**
 * Marks what an earlier orchestrator of this store left unfinished as failed. Whoever calls it is the store's only one.
 * @returns the ids of those experiments
 */
export async function failUnfinished(store: Store, clock: Clock, log: Logger): Promise<string[]> {
  // One without a file is a recording by itself, whose experiment is the recorder's.
  const unfinished = (await store.experiments.unfinished()).filter(({ file }) => file !== null);
  for (const { id, status, start, summary } of unfinished) {
    const reason = `the orchestrator ended while the experiment was ${status}`;
    const last = start === null ? undefined : await lastTrace(store, id);
    if (last !== undefined) {
      // The load ended with its clients, of which the last trace is the last sign.
      await patchSummary(store, id, summary, ({ end }) => ({ end: Math.min(end, last) }));
    }
    await store.experiments.update(id, { status: 'FAILED', reason, end: last ?? clock.now() });
    log.warn({ experiment: id, reason }, 'experiment failed');
  }
  return unfinished.map(experiment => experiment.id);
}

/** An experiment that has ended and not taken back all that it had put into services. */
export interface Debtor {
  readonly id: string;
  readonly deposit: Deposit;
}

/** So many of the newest experiments are looked at: what older ones have left, newer ones have met. */
const recent = 20;

/** Finds experiments that have left something: their orchestrator was killed, or a service was away at their end. */
export async function findDebtors(store: Store): Promise<Debtor[]> {
  const found = await store.experiments.list({ limit: recent });
  return found
    .filter(({ status }) => isFinal(parseState(status)))
    .map(({ id, summary }) => ({ id, deposit: parseSummary(summary)?.deposit ?? noDeposit }))
    .filter(({ deposit }) => !isEmpty(deposit));
}

/**
 * Takes back what experiments have left in services. `retrieve` takes back one deposit, and tells what is left of it and why.
 * Throws only what `retrieve` and the store throw.
 */
export async function takeBackLeftovers(
  debtors: readonly Debtor[],
  store: Store,
  retrieve: (deposit: Deposit) => Promise<{ readonly left: Deposit; readonly troubles: readonly string[] }>,
  log: Logger,
): Promise<void> {
  for (const { id, deposit } of debtors) {
    const { left, troubles } = await retrieve(deposit);
    if (troubles.length === 0) log.info({ experiment: id }, 'what an experiment had left in services was taken back');
    for (const reason of troubles) log.warn({ experiment: id, reason }, 'something that an experiment left is still there');
    const stored = await store.experiments.get(id);
    if (stored !== undefined) await patchSummary(store, id, stored.summary, () => ({ deposit: left }));
  }
}

/**
 * Closes the recordings of those experiments, which the recorder otherwise keeps open. `settle` closes one and gives its
 * ledger, undefined if there is none. Never throws.
 */
export async function closeLeftovers(
  ids: readonly string[],
  store: Store,
  settle: (id: string) => Promise<Ledger | undefined>,
  log: Logger,
): Promise<void> {
  for (const id of ids) {
    try {
      const ledger = await settle(id);
      const stored = await store.experiments.get(id);
      if (ledger !== undefined && stored !== undefined) await patchSummary(store, id, stored.summary, () => ({ ledger }));
    } catch (error) {
      log.warn({ experiment: id, err: error }, 'the recording of a failed experiment could not be closed');
    }
  }
}

async function patchSummary(
  store: Store,
  id: string,
  text: string | null,
  patch: (summary: Summary) => Partial<Summary>,
): Promise<void> {
  const summary = parseSummary(text);
  if (summary === undefined) return;
  await store.experiments.update(id, { summary: formatSummary({ ...summary, ...patch(summary) }) });
}

async function lastTrace(store: Store, id: string): Promise<number | undefined> {
  let last: number | undefined;
  for await (const chunk of store.traces(id)) {
    for (const trace of chunk) last = Math.max(last ?? 0, trace.done);
  }
  return last;
}
