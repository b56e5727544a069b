import { type Kysely, sql } from 'kysely';
import type { Experiment } from '../rows.ts';
import type { Connection } from './connection.ts';
import type { Tables } from './schema.ts';

/** Where a page of experiments begins: behind this one. */
export interface Before {
  readonly created: number;
  readonly id: string;
}

/** The original leaves nothing of an experiment null but END; its columns allow it all the same. */
const created = sql<number>`coalesce(e.CREATED, e.START, 0)`;

function select(queries: Kysely<Tables>) {
  return queries
    .selectFrom('experiments as e')
    .leftJoin('experiment_details as d', 'd.EXP_ID', 'e.EXP_ID')
    .select([
      'e.EXP_ID as id',
      sql<string>`ifnull(e.NAME, e.EXP_ID)`.as('name'),
      sql<string>`ifnull(e.CREATOR, '')`.as('creator'),
      'e.START as start',
      'e.END as end',
      created.as('created'),
      'e.STATUS as status',
      'd.REASON as reason',
      'd.FILE as file',
      'd.FILE_NAME as fileName',
      'd.SUMMARY as summary',
    ])
    .orderBy(created, 'desc')
    .orderBy('e.EXP_ID', 'desc');
}

/** Columns of `experiments` that a patch changes. */
function baseColumns(patch: Partial<Experiment>) {
  return {
    ...(patch.name !== undefined && { NAME: patch.name }),
    ...(patch.creator !== undefined && { CREATOR: patch.creator }),
    ...(patch.start !== undefined && { START: patch.start }),
    ...(patch.end !== undefined && { END: patch.end }),
    ...(patch.created !== undefined && { CREATED: patch.created }),
    ...(patch.status !== undefined && { STATUS: patch.status }),
  };
}

/** Columns of `experiment_details` that a patch changes. */
function detailColumns(patch: Partial<Experiment>) {
  return {
    ...(patch.reason !== undefined && { REASON: patch.reason }),
    ...(patch.file !== undefined && { FILE: patch.file }),
    ...(patch.fileName !== undefined && { FILE_NAME: patch.fileName }),
    ...(patch.summary !== undefined && { SUMMARY: patch.summary }),
  };
}

/** The tables experiments, experiment_details and metadata. */
export function experimentOperations({ transaction }: Connection, queries: Kysely<Tables>) {
  const list = (limit: number, before: Before | null): Promise<Experiment[]> => {
    const query = select(queries).limit(limit);
    if (before === null) return query.execute();
    return query.where(sql<boolean>`(${created}, e.EXP_ID) < (${before.created}, ${before.id})`).execute();
  };
  const get = (id: string): Promise<Experiment | undefined> => select(queries).where('e.EXP_ID', '=', id).executeTakeFirst();

  return {
    listExperiments: list,
    getExperiment: get,

    insertExperiment: (experiment: Experiment, metadata: string) =>
      transaction(async () => {
        const { id, name, creator, start, end, status } = experiment;
        await queries
          .insertInto('experiments')
          .values({
            EXP_ID: id,
            NAME: name,
            CREATOR: creator,
            START: start,
            END: end,
            CREATED: experiment.created,
            STATUS: status,
          })
          .execute();
        const { reason, file, fileName, summary } = experiment;
        await queries
          .insertInto('experiment_details')
          .values({ EXP_ID: id, REASON: reason, FILE: file, FILE_NAME: fileName, SUMMARY: summary })
          .execute();
        await queries.insertInto('metadata').values({ EXP_ID: id, DATA: metadata }).execute();
      }),

    updateExperiment: (id: string, patch: Partial<Experiment>) =>
      transaction(async () => {
        if ((await get(id)) === undefined) throw new Error(`experiment ${JSON.stringify(id)} does not exist`);
        const base = baseColumns(patch);
        if (Object.keys(base).length > 0) await queries.updateTable('experiments').set(base).where('EXP_ID', '=', id).execute();
        const details = detailColumns(patch);
        if (Object.keys(details).length > 0) {
          await queries
            .insertInto('experiment_details')
            .values({ EXP_ID: id, ...details })
            .onConflict(conflict => conflict.column('EXP_ID').doUpdateSet(details))
            .execute();
        }
      }),

    async findExperiments(idOrPrefix: string): Promise<Experiment[]> {
      if (idOrPrefix === '') return [];
      if (idOrPrefix === 'latest') return list(1, null);
      const exact = await get(idOrPrefix);
      if (exact !== undefined) return [exact];
      return select(queries).where(sql<boolean>`substr(e.EXP_ID, 1, length(${idOrPrefix})) = ${idOrPrefix}`).limit(10).execute();
    },

    unfinishedExperiments: (): Promise<Experiment[]> =>
      select(queries).where('e.STATUS', 'not in', ['FINISHED', 'FAILED', 'CANCELLED']).execute(),
  };
}
