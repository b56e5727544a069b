// Run as a process of its own: opens the store, writes batches as the recorder does and updates an experiment as the
// orchestrator does. Prints what went wrong, if anything did.
import { openStore } from '../src/index.ts';
import { batch, experiment, telemetry } from './rows.ts';

const [path, node] = process.argv.slice(2) as [string, string];
await using store = await openStore({ path });
await store.experiments.insert(experiment({ id: node }), {});
for (let i = 0; i < 100; i++) {
  const rows = Array.from({ length: 50 }, (_, j) => telemetry({ node, timestamp: i * 50 + j }));
  await Promise.all([store.write(batch({ telemetry: rows })), store.experiments.update(node, { start: i })]);
}
