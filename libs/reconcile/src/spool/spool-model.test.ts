import { type RecordKindName, recordKinds } from '@galileo/bus';
import { silentLog } from '@galileo/testkit';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { identityOf } from './contents.ts';
import { prefixOf } from './names.ts';
import { decodeHeader, decodeSegment, type ReadHeader, type SpooledRecord } from './segment-format.ts';
import { Crash, type SimulatedSystem, simulateSystem } from './simulated-system.ts';
import { type Dropped, openSpool, type Spool } from './spool.ts';
import { stateOf } from './spool-fixture.ts';
import type { ProducerState } from './state.ts';
import { type Choice, choose, type Wanted } from './wanted.ts';

// A model of producers that start one after the other on one directory and die at any change of the file system.
// `galileo_spool_runs` says how many schedules are tried, each with a crash at every change; `galileo_test_seed` repeats a run.

const runs = Number(process.env['galileo_spool_runs'] ?? 15);
const seed = Number(process.env['galileo_test_seed'] ?? Math.floor(Math.random() * 2 ** 31));
const totals = { simulations: 0, crashes: 0, recovered: 0, dropped: 0, notSpooled: 0, released: 0, needed: 0 };
afterAll(() => console.log(`spool model, seed ${seed}: ${JSON.stringify(totals)}`));

const maxBytes = 2048;
const segmentBytes = 300;

// Not a double: most of those are next to 0.
const share = fc.nat(16).map(n => n / 16);
/** Which of the records that are there are needed, by where they stand among them; few or none, or nothing would ever go. */
const needed = fc.oneof(fc.constant([]), fc.array(share, { minLength: 1, maxLength: 2 }));
const most = fc.constantFrom(0.5, 0.75, 1, 1);
const action = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      kind: fc.constantFrom(...recordKinds),
      count: fc.integer({ min: 1, max: 4 }),
      text: fc.constantFrom('', 'x', 'grüß 🙂', 'y'.repeat(150), '\u0000'.repeat(20)),
    }),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('commit' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('release' as const), share: fc.oneof(share, most), needed }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('discard' as const), age: fc.constantFrom(0, 3, 60) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('tick' as const), span: fc.constantFrom(0.1, 2, 20) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('save' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('leaveRoom' as const), bytes: fc.constantFrom(0, 30, 300, 1e6, 1e6, 1e6, 1e6) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('removeOld' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wipe' as const) }) },
);
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

/** A producer as it must be. */
interface Model {
  readonly id: string;
  readonly appended: Map<number, SpooledRecord>;
  /** When each was. */
  readonly times: Map<number, number>;
  /** Positions that must be there. */
  readonly kept: Set<number>;
  /** Positions that were named as dropped, and which of them in the last step. */
  readonly named: Set<number>;
  readonly namedLast: Set<number>;
  /** Last position that was committed, and the number of records that were not spooled until then. */
  committed: number;
  notSpooled: number;
  released: number;
  /** States that may have been saved. */
  states: { state: ProducerState | undefined; released: number }[];
  /** It is being removed. */
  removing: boolean;
}

function createModel(id: string): Model {
  const none = { state: undefined, released: 0 };
  const sets = {
    appended: new Map(),
    times: new Map(),
    kept: new Set<number>(),
    named: new Set<number>(),
    namedLast: new Set<number>(),
  };
  return { id, ...sets, committed: 0, notSpooled: 0, released: 1, states: [none], removing: false };
}

function recordOf(kind: RecordKindName, position: number, text: string): SpooledRecord {
  const n = position;
  if (kind === 'trace') return { position, kind, channel: 'galileo/results/traces', line: `token:${n},c,s,1,1,1,200,,,,${text}` };
  if (kind === 'event') return { position, kind, channel: 'galileo/events', line: `${1000 + n} e ${text}` };
  return { position, kind, channel: 'telem/node-ü/cpu', line: `${1000 + n}.5000000 ${n}${text}` };
}

/** A quick `expect`. */
function must(condition: boolean, what: string): void {
  if (!condition) throw new Error(`not so: ${what}`);
}

const sumOf = (counts: Readonly<Record<RecordKindName, number>>) => counts.trace + counts.telemetry + counts.event;
const keepFrom = (positions: Set<number>, first: number) => {
  for (const position of positions) if (position < first) positions.delete(position);
};

/** What is needed: the records that stand at these shares of all that must be there, and those that nothing tells from them. */
function needOf(model: Model, shares: readonly number[]): Choice {
  const kept = [...model.kept];
  const wanted = shares.flatMap((one): Wanted[] => {
    const record = model.appended.get(kept[Math.floor(one * kept.length)]!);
    if (record === undefined) return [];
    const { kind, source, number } = identityOf(record.kind, record.channel, record.line);
    if (kind === 'trace') return [{ kind, token: source, counters: [number, number] }];
    return kind === 'event' ? [{ kind, begin: number }] : [{ kind, node: source, begin: number }];
  });
  return choose(wanted);
}

interface StoredSegment {
  readonly name: string;
  readonly records: readonly SpooledRecord[];
}

/** A producer's segments as their bytes tell them, oldest first. */
function segmentsOf(system: SimulatedSystem, producerId: string): StoredSegment[] {
  const names = system.names.filter(name => name.startsWith(`${prefixOf(producerId)}-`));
  return names.map(name => {
    const bytes = system.file(name);
    return { name, records: decodeSegment(bytes, decodeHeader(bytes) as ReadHeader).records };
  });
}

interface Options {
  readonly sync: boolean;
  readonly powerLost: boolean;
}

function createWorld(system: SimulatedSystem, { sync, powerLost }: Options) {
  const models: Model[] = [];
  let now = 1_700_000_000;

  let failure: unknown;
  // What is thrown here would end as a record that is not spooled.
  const onDropped = (dropped: Dropped) => {
    // A machine that has crashed reads nothing, and removes nothing.
    if (system.crashed) return;
    try {
      noteDropped(dropped);
    } catch (error) {
      failure ??= error;
    }
  };
  const noteDropped = ({ producerId, reason, records, missing }: Dropped) => {
    const model = models.find(({ id }) => id === producerId)!;
    if (reason === 'wiped') {
      must(model !== models.at(-1), 'all of the living producer can be restored');
      return;
    }
    must(missing?.records === 0, 'every record that goes is named');
    for (const { position } of records) {
      must(!model.named.has(position), 'a record is named once');
      model.named.add(position);
      model.namedLast.add(position);
      model.kept.delete(position);
    }
    expectAppended(model, records);
    totals.dropped += records.length;
  };

  const expectAppended = (model: Model, records: readonly SpooledRecord[]) => {
    for (const [i, { position, kind, channel, line }] of records.entries()) {
      const as = model.appended.get(position);
      must(as?.kind === kind && as.channel === channel && as.line === line, 'a record is as it was appended');
      must(i === 0 || position > records[i - 1]!.position, 'records are in order');
    }
  };

  const checkLeftover = (spool: Spool, model: Model) => {
    const leftover = spool.leftovers().find(({ producerId }) => producerId === model.id);
    const records = [...(leftover?.read() ?? [])];
    expectAppended(model, records);
    const there = new Set(records.map(({ position }) => position));
    // Removing is done wholly or not at all.
    if (model.removing && leftover === undefined) model.kept.clear();
    model.removing = false;
    for (const position of model.kept) must(there.has(position), `record ${position} of ${model.id} is there`);
    // A record is named just before it goes; what was taken away before the power was lost may come back.
    if (!powerLost) {
      for (const position of model.named) must(!there.has(position) || model.namedLast.has(position), `${position} was dropped`);
    }

    const found = { state: leftover?.state, released: leftover?.released ?? 0 };
    if (leftover !== undefined) expect(model.states).toContainEqual(found);
    model.states = [found];
    const examined = leftover?.examine() ?? { records: 0, damage: [], tail: 'whole' };
    expect(examined).toMatchObject({ records: records.length, damage: [] });
    expect(examined.tail).not.toBe('unknown');

    // From here on it is as it was found.
    model.kept.clear();
    for (const position of there) {
      if (position >= found.released) model.kept.add(position);
      model.named.delete(position);
    }
    model.namedLast.clear();
    totals.recovered += records.length;
  };

  const start = (): Spool | undefined => {
    const model = createModel(`client/node-ü/${models.length}`);
    models.push(model);
    const common = { directory: '/spool', maxBytes, segmentBytes, now: () => now, log: silentLog };
    try {
      const spool = openSpool({ ...common, producerId: model.id, sync, system, onDropped });
      for (const earlier of models.slice(0, -1)) checkLeftover(spool, earlier);
      return spool;
    } catch (error) {
      if (!system.crashed) throw error;
      return undefined;
    }
  };

  const append = (spool: Spool, model: Model, kind: RecordKindName, text: string) => {
    const record = recordOf(kind, spool.next, text);
    model.appended.set(record.position, record);
    model.times.set(record.position, now);
    must(spool.append(record.kind, record.channel, record.line) === record.position, 'positions are counted');
  };

  const commit = (spool: Spool, model: Model) => {
    spool.commit();
    if (system.crashed) return;
    const records = [...spool.read()];
    expectAppended(model, records);
    const there = new Set(records.map(({ position }) => position));
    let absent = 0;
    for (let position = model.committed + 1; position < spool.next; position++) {
      if (there.has(position)) model.kept.add(position);
      else if (!model.named.has(position)) absent++;
    }
    // What is neither there nor named could not be written, and that is counted.
    must(absent === sumOf(spool.notSpooled) - model.notSpooled, `${absent} more are not spooled`);
    for (const position of model.kept) must(there.has(position), `record ${position} of ${model.id} is there`);
    for (const position of model.named) must(!there.has(position), `record ${position} was dropped`);
    must(spool.bytes <= maxBytes, `${spool.bytes} bytes are within the cap`);
    model.committed = spool.next - 1;
    model.notSpooled += absent;
    totals.notSpooled += absent;
  };

  const save = (spool: Spool, model: Model) => {
    const { released } = model;
    const state = stateOf(spool.next);
    const saved = spool.saveState(state) && !system.crashed;
    model.states = saved ? [{ state, released }] : [...model.states, { state, released }];
  };

  const discard = (spool: Spool, model: Model, age: number) => {
    commit(spool, model);
    if (system.crashed) return;
    const before = [...model.kept];
    // A crash may leave any end of it.
    model.kept.clear();
    spool.discardBefore(now - age);
    if (system.crashed) return;
    for (const position of before) model.kept.add(position);
    // The model knows no segments: what is left must be an end of what there was.
    keepFrom(model.kept, [...spool.read()][0]?.position ?? spool.next);
    for (const position of before) {
      must(model.kept.has(position) || model.times.get(position)! < now - age, `record ${position} is too old`);
    }
  };

  const wipe = (spool: Spool) => {
    const { kept } = models.at(-1)!;
    const before = [...kept];
    // Until the look is over a crash may lose anything; of what earlier producers left no descriptor is open.
    for (const one of models) {
      one.kept.clear();
      one.states = [...one.states, { state: undefined, released: 0 }];
    }
    system.leaveRoom(1e6);
    system.wipe();
    spool.look();
    if (!system.crashed) for (const position of before) kept.add(position);
  };

  /**
   * Releases, and sees that just the segments before the first have gone that holds a record which is needed or not before
   * `upTo`. @returns the position before which all has gone, 0 if none has; undefined after a crash
   */
  const release = (model: Model, upTo: number, need: Choice, act: () => void): number | undefined => {
    const segments = segmentsOf(system, model.id);
    const stays = ({ records }: StoredSegment) => records.some(record => record.position >= upTo || need.holds(record));
    const at = segments.findIndex(stays);
    const first = at < 0 ? segments.length : at;
    const mayGo = segments.slice(0, first);
    const before = new Set(model.kept);
    // A crash may leave any of them.
    for (const { records } of mayGo) for (const { position } of records) model.kept.delete(position);
    act();
    if (system.crashed) return undefined;
    const names = segmentsOf(system, model.id).map(({ name }) => name);
    // The segment that is written to stays as long as something waits for it.
    const waits = model === models.at(-1) && model.appended.size > model.committed;
    const last = mayGo.at(-1);
    if (waits && last !== undefined && first === segments.length && names.includes(last.name)) {
      mayGo.pop();
      for (const { position } of last.records) if (before.has(position)) model.kept.add(position);
    }
    const expected = segments.slice(mayGo.length).map(({ name }) => name);
    must(names.join() === expected.join(), `${names} is what is left, and not ${expected}`);
    totals.released += mayGo.length;
    if (at >= 0 && segments[at]!.records.every(({ position }) => position < upTo)) totals.needed++;
    // Of one whose first write was interrupted there is the header alone.
    return Math.max(0, ...mayGo.flatMap(({ records }) => records.map(({ position }) => position + 1)));
  };

  const removeOld = (spool: Spool) => {
    const leftover = spool.leftovers()[0];
    if (leftover === undefined) return;
    const model = models.find(({ id }) => id === leftover.producerId)!;
    model.removing = true;
    leftover.remove();
    if (system.crashed) return;
    model.removing = false;
    model.kept.clear();
  };

  const act = (spool: Spool, step: Action) => {
    const model = models.at(-1)!;
    for (const one of models) one.namedLast.clear();
    if (step.do === 'append') for (let i = 0; i < step.count && !system.crashed; i++) append(spool, model, step.kind, step.text);
    else if (step.do === 'commit') commit(spool, model);
    else if (step.do === 'save') save(spool, model);
    else if (step.do === 'discard') discard(spool, model, step.age);
    else if (step.do === 'tick') now += step.span;
    else if (step.do === 'wipe') wipe(spool);
    else if (step.do === 'leaveRoom') system.leaveRoom(step.bytes);
    else if (step.do === 'release') {
      const need = needOf(model, step.needed);
      const upTo = 1 + Math.floor(step.share * model.committed);
      const released = release(model, upTo, need, () => spool.release(upTo, need.mayBeIn));
      if (released !== undefined) model.released = Math.max(model.released, released);
    } else removeOld(spool);
  };

  const actUntilCrash = (spool: Spool, steps: readonly Action[]) => {
    for (const step of steps) {
      if (system.crashed) return;
      try {
        act(spool, step);
      } catch (error) {
        if (!(error instanceof Crash)) throw error;
      }
      if (failure !== undefined) throw failure;
    }
  };

  return { start, act: actUntilCrash };
}

interface CrashPoint {
  readonly generation: number;
  readonly change: number;
  readonly share: number;
}

/** Runs producers, each until it is killed, and looks at what is left. @returns how many changes each made */
function simulate(generations: readonly (readonly Action[])[], options: Options, crash?: CrashPoint): number[] {
  const system = simulateSystem();
  const world = createWorld(system, options);
  const changes: number[] = [];
  for (const [generation, steps] of generations.entries()) {
    const before = system.changes;
    if (crash?.generation === generation) system.crashAt(before + crash.change, crash.share);
    const spool = world.start();
    if (spool !== undefined) world.act(spool, steps);
    changes.push(system.changes - before);
    if (system.crashed) totals.crashes++;
    system.restart(options.powerLost);
  }
  world.start();
  totals.simulations++;
  return changes;
}

function crashEverywhere(generations: readonly (readonly Action[])[], options: Options): void {
  for (const [generation, count] of simulate(generations, options).entries()) {
    for (let change = 1; change <= count; change++) {
      for (const share of [0, 0.6, 1]) simulate(generations, options, { generation, change, share });
    }
  }
}

const steps = fc.array(action, { minLength: 5, maxLength: 40, size: 'max' });

test('a process that is killed at any change leaves what was committed and not released, and nothing else', () => {
  const property = fc.property(steps, steps, (one, two) => crashEverywhere([one, two], { sync: false, powerLost: false }));
  fc.assert(property, { numRuns: runs, seed, endOnFailure: true });
}, 600_000);

test('with sync a loss of power leaves it too', () => {
  const property = fc.property(steps, steps, (one, two) => crashEverywhere([one, two], { sync: true, powerLost: true }));
  fc.assert(property, { numRuns: runs, seed, endOnFailure: true });
}, 600_000);
