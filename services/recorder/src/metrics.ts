import { createRegistry } from '@galileo/service/metrics';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Committer } from './committer.ts';
import type { Recordings } from './recordings.ts';
import type { Sessions } from './sessions.ts';
import type { IntakeFigures } from './sink.ts';

interface Sources {
  readonly figures: IntakeFigures;
  readonly committer: Committer;
  readonly recordings: Recordings;
  readonly sessions: Sessions;
}

/** The process's own metrics and the recorder's. */
export function recorderMetrics({ figures, committer, recordings, sessions }: Sources): Registry {
  const registry = createRegistry();
  const registers = [registry];
  const counters = [
    ['records_total', 'Records that arrived, without resent ones.', () => figures.records],
    ['resent_batches_total', 'Batches that had arrived before.', () => figures.resentBatches],
    ['unknown_channel_records_total', 'Records on channels that are none of Galileo’s.', () => figures.unknownChannels],
    ['overrun_records_total', 'Records of the bus that were dropped because the store was too slow.', () => figures.overrun],
    ['commits_total', 'Transactions that were committed.', () => committer.commits],
    ['commit_seconds_total', 'Time spent in transactions, seconds.', () => committer.busy],
  ] as const;
  for (const [name, help, value] of counters) {
    new Counter({
      ...{ name: `galileo_recorder_${name}`, help, registers },
      collect() {
        this.reset();
        this.inc(value());
      },
    });
  }
  new Counter({
    ...{ name: 'galileo_recorder_dead_letters_total', help: 'Records that can’t be stored.', labelNames: ['reason'], registers },
    collect() {
      this.reset();
      for (const [reason, count] of figures.deadLetters) this.inc({ reason }, count);
    },
  });
  const gauges = [
    ['open_recordings', 'Recordings that are open.', () => recordings.books().length],
    ['waiting_records', 'Records that have arrived and are not committed yet.', () => committer.waiting],
    ['held_records', 'Records of the bus that wait until their producer is known.', () => figures.held],
    ['producers', 'Producers that are connected.', () => [...sessions.all()].length],
  ] as const;
  for (const [name, help, value] of gauges) {
    new Gauge({
      ...{ name: `galileo_recorder_${name}`, help, registers },
      collect() {
        this.set(value());
      },
    });
  }
  return registry;
}
