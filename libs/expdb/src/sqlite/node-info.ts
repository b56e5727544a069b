import type { Kysely } from 'kysely';
import type { Connection } from './connection.ts';
import type { Tables } from './schema.ts';

/** The table nodeinfo: one row per experiment, node and key. */
export function nodeInfoOperations({ transaction }: Connection, queries: Kysely<Tables>) {
  return {
    writeNodeInfo: (expId: string, node: string, info: Readonly<Record<string, string>>) =>
      transaction(async () => {
        await queries.deleteFrom('nodeinfo').where('EXP_ID', '=', expId).where('NODE', '=', node).execute();
        for (const [key, value] of Object.entries(info)) {
          await queries.insertInto('nodeinfo').values({ EXP_ID: expId, NODE: node, INFO_KEY: key, INFO_VALUE: value }).execute();
        }
      }),

    async readNodeInfo(expId: string): Promise<Map<string, Record<string, string>>> {
      const rows = await queries
        .selectFrom('nodeinfo')
        .select(['NODE', 'INFO_KEY', 'INFO_VALUE'])
        .where('EXP_ID', '=', expId)
        .orderBy('NODE')
        .execute();
      const nodes = new Map<string, [string, string][]>();
      for (const { NODE, INFO_KEY, INFO_VALUE } of rows) {
        const entries = nodes.get(NODE) ?? [];
        nodes.set(NODE, entries);
        if (INFO_KEY !== null) entries.push([INFO_KEY, INFO_VALUE ?? '']);
      }
      return new Map([...nodes].map(([node, entries]) => [node, Object.fromEntries(entries)]));
    },
  };
}
