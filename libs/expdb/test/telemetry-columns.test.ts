import { join } from 'node:path';
import { temporaryDirectory } from '@galileo/testkit';
import { expect, test } from 'vitest';
import { createTelemetryColumns, openStore, type TelemetryRow } from '../src/index.ts';
import { batch, expId, telemetry } from './rows.ts';

/** Rows of two experiments, several nodes, with and without subsystem: more than one statement takes, and no multiple of it. */
const rows = Array.from({ length: 333 }, (_, i) =>
  telemetry({
    expId: i % 3 === 0 ? 'other' : expId,
    node: `n${i % 4}`,
    metric: `metric-${i % 7}`,
    subsystem: i % 5 === 0 ? null : `é${i % 6}`,
    timestamp: 1700000000 + i,
    value: i / 8,
  }),
);

async function storeIn(directory: string) {
  const store = await openStore({ path: join(directory, 'store.db') });
  const read = async (id: string) => {
    const found: TelemetryRow[] = [];
    for await (const chunk of store.telemetry(id)) found.push(...chunk.map(row => ({ ...row })));
    return found;
  };
  return { store, read, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
}

test('rows that were collected as columns are stored as they were, and may be written again', async () => {
  await using directory = await temporaryDirectory();
  await using place = await storeIn(directory.path);
  const columns = createTelemetryColumns();
  for (const row of rows) columns.push(row);
  expect([columns.length, columns.countOf('other'), columns.countOf(expId), columns.countOf('none')]).toEqual([333, 111, 222, 0]);
  // A batch that fails is tried again, so handing it over must leave it whole.
  for (let i = 0; i < 2; i++) await place.store.write(batch({ telemetry: columns }));
  for (const id of ['other', expId]) expect(await place.read(id)).toEqual(rows.filter(row => row.expId === id));
});

test('of rows with the same key in one statement the first stays, and the others around them are stored', async () => {
  await using directory = await temporaryDirectory();
  await using place = await storeIn(directory.path);
  const own = rows.filter(row => row.expId === expId);
  await place.store.write(batch({ telemetry: own.flatMap(row => [row, { ...row, value: -1 }]) }));
  expect(await place.read(expId)).toEqual(own);
});
