import type { Logger } from '@galileo/service';
import type { TelemetrySample } from '@galileo/wire';
import type { InstrumentDefinition, Sources } from './instrument.ts';
import { createSampler, type InstrumentState, type Sampler } from './sampler.ts';
import { type Schedule, startSchedule } from './schedule.ts';

/** An instrument as `ListInstruments` shows it. */
export interface InstrumentStatus extends InstrumentState {
  readonly name: string;
  /** Seconds between two readings. */
  readonly period: number;
  /** False when it is switched off by configuration. */
  readonly switchedOn: boolean;
  /** Ticks that went by without a reading, because the process or the machine was held up. */
  readonly skipped: number;
}

/** All instruments on their schedule. */
export interface Agent extends Disposable {
  /** Begins to take readings, unless paused. */
  start(): void;
  /** In the order of the registry. */
  list(): readonly InstrumentStatus[];
  /** @throws UnknownInstrumentError, PeriodError */
  setPeriod(instrument: string, period: number): void;
  /** Stops all readings and closes the sources. */
  pause(): void;
  /** Reads again; rates begin anew, so that none spans the pause. */
  unpause(): void;
  /** Resolves once every reading that has begun is published or given up. */
  settled(): Promise<void>;
}

/** An instrument as it is configured. */
export interface ConfiguredInstrument {
  readonly definition: InstrumentDefinition;
  readonly switchedOn: boolean;
  /** Seconds between two readings. */
  readonly period: number;
}

export interface AgentOptions {
  readonly instruments: readonly ConfiguredInstrument[];
  readonly sources: Sources;
  readonly node: string;
  readonly publish: (sample: TelemetrySample) => void;
  readonly log: Logger;
  /** Seconds after which a reading that does not come is given up; 2 unless told. */
  readonly deadline?: number;
}

/** There is no such instrument. */
export class UnknownInstrumentError extends Error {
  constructor(name: string, known: readonly string[]) {
    super(`there is no instrument ${JSON.stringify(name)}; there are: ${known.join(', ')}`);
    this.name = 'UnknownInstrumentError';
  }
}

/** A period is not one. */
export class PeriodError extends Error {
  constructor(period: number) {
    super(`a period of ${period} s is not allowed; allowed: ${leastPeriod} to ${greatestPeriod} s`);
    this.name = 'PeriodError';
  }
}

export const leastPeriod = 0.01;
const greatestPeriod = 86_400;

interface Entry {
  readonly name: string;
  readonly switchedOn: boolean;
  readonly sampler: Sampler;
  period: number;
}

export function createAgent(options: AgentOptions): Agent {
  const { sources, log } = options;
  const entries = new Map<string, Entry>();
  for (const { definition, switchedOn, period } of options.instruments) {
    const sampler = createSampler({ ...options, definition, deadline: options.deadline ?? 2 });
    entries.set(definition.name, { name: definition.name, sampler, switchedOn, period });
  }
  const active = [...entries.values()].filter(entry => entry.switchedOn);
  const schedule: Schedule = startSchedule(sources.clock.now(), name => entries.get(name)?.sampler.run());
  let started = false;
  let paused = false;

  const begin = () => {
    for (const { name, sampler, period } of active) {
      sampler.probe();
      schedule.set(name, period);
    }
  };
  const end = () => {
    for (const { name, sampler } of active) {
      schedule.delete(name);
      sampler.close();
    }
  };

  return {
    start() {
      started = true;
      if (!paused) begin();
    },
    list: () =>
      [...entries.values()].map(({ name, sampler, switchedOn, period }) => ({
        ...sampler.state(),
        name,
        switchedOn,
        period,
        skipped: schedule.skipped(name),
      })),
    setPeriod(name, period) {
      const entry = entries.get(name);
      if (entry === undefined) throw new UnknownInstrumentError(name, [...entries.keys()]);
      if (!(period >= leastPeriod && period <= greatestPeriod)) throw new PeriodError(period);
      entry.period = period;
      if (entry.switchedOn && started && !paused) schedule.set(name, period);
    },
    pause() {
      if (paused) return;
      paused = true;
      end();
      log.info('paused');
    },
    unpause() {
      if (!paused) return;
      paused = false;
      if (started) begin();
      log.info('unpaused');
    },
    async settled() {
      await Promise.all(active.map(({ sampler }) => sampler.settled()));
    },
    [Symbol.dispose]() {
      end();
      schedule[Symbol.dispose]();
    },
  };
}
