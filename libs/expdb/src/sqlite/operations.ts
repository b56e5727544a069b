import { dirname } from 'node:path';
// Alone: all of the package would be too much for the store's thread.
import { makeDirectory } from '@galileo/service/make-directory';
import { openConnection } from './connection.ts';
import { createQueries } from './dialect.ts';
import { experimentOperations } from './experiments.ts';
import { migrate } from './migrate.ts';
import { nodeInfoOperations } from './node-info.ts';
import { readOperations } from './read.ts';
import { recordingOperations } from './recordings.ts';
import { removeOperations } from './remove.ts';
import { syncOperations } from './sync.ts';
import { writeOperations } from './write.ts';

/** What the worker can be asked for, once the database is open. Arguments and results cross a thread boundary. */
export type Operations = Awaited<ReturnType<typeof openOperations>>;

/** Opens the database, which is created with its directory if need be, and brings it to the newest schema. */
export async function openOperations(path: string) {
  makeDirectory(dirname(path));
  const connection = openConnection(path);
  try {
    const queries = createQueries(connection.db);
    await migrate(connection, queries);
    return {
      ...experimentOperations(connection, queries),
      ...nodeInfoOperations(connection, queries),
      ...recordingOperations(queries),
      ...writeOperations(connection),
      ...readOperations(connection),
      ...removeOperations(connection),
      ...syncOperations(path),
      close: () => connection[Symbol.dispose](),
    };
  } catch (error) {
    connection[Symbol.dispose]();
    throw error;
  }
}
