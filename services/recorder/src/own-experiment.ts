import type { ExperimentStore } from '@galileo/expdb';
import { experimentId } from '@galileo/wire';
import { ExperimentExistsError } from './errors.ts';

/** What an experiment is to be if the recorder has to make it; an empty text or `undefined` leaves it to the recorder. */
export interface ExperimentWish {
  readonly name: string;
  readonly creator: string;
  /** An object as JSON has it. */
  readonly metadata: object | undefined;
}

/** Who makes experiments, as Galileo's recorder calls itself. */
export const creatorName = (pid: number): string => `galileo-recorder-${pid}`;

type Experiments = Pick<ExperimentStore['experiments'], 'get' | 'insert'>;

/** An id that no experiment has. `random` gives whole numbers from 0 to 65535. */
export async function unusedId(experiments: Experiments, now: number, random: () => number): Promise<string> {
  for (;;) {
    const id = experimentId(now, random());
    if ((await experiments.get(id)) === undefined) return id;
  }
}

/**
 * Makes the experiment of a recording, if nobody has made it: then the recording is an experiment of its own.
 * @returns whether it was made. @throws ExperimentExistsError if it exists and something was wished for
 */
export async function ensureExperiment(
  experiments: Experiments,
  id: string,
  wish: ExperimentWish,
  { now, creator }: { readonly now: number; readonly creator: string },
): Promise<boolean> {
  if ((await experiments.get(id)) !== undefined) {
    if (wish.name !== '' || wish.creator !== '' || wish.metadata !== undefined) throw new ExperimentExistsError(id);
    return false;
  }
  const times = { start: now, end: null, created: now };
  const texts = { reason: null, file: null, fileName: null, summary: null };
  const row = { id, name: wish.name || id, creator: wish.creator || creator, status: 'RUNNING', ...times, ...texts };
  await experiments.insert(row, wish.metadata ?? {});
  return true;
}
