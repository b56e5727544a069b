import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { startProgram, temporaryDirectory } from '@galileo/testkit';
import { expect, test } from 'vitest';
import { spoolDirectory } from './directory.ts';
import { open } from './spool-fixture.ts';

const seed = Number(process.env['galileo_test_seed'] ?? Math.floor(Math.random() * 2 ** 31));
const rounds = 20;

/** Uniform numbers in [0, 1) from a seed (mulberry32). */
function createRandom(state: number) {
  let at = state;
  return () => {
    at = (at + 0x6d2b79f5) | 0;
    let mixed = Math.imul(at ^ (at >>> 15), at | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What the process writes that is killed; anybody can tell the line from the position. */
const lineAt = (position: number) => `${position}.5 e ${'z'.repeat((position * 7919) % 1500)}`;

/** Appends without end, and says on standard output what is committed and what it is about to release. */
const writer = `
  import { writeSync } from 'node:fs';
  import { createLog } from '@galileo/service';
  import { openSpool } from ${JSON.stringify(new URL('./spool.ts', import.meta.url).href)};
  const [directory, producerId] = process.argv.slice(1);
  const spool = openSpool({
    directory, producerId, maxBytes: 64e6, segmentBytes: 300_000,
    now: () => Date.now() / 1000, log: createLog('writer', 'ERROR'), onDropped() { process.exit(1); },
  });
  const lineAt = ${lineAt.toString()};
  for (let commit = 0; ; commit++) {
    for (let i = 0; i < (commit * 37) % 200; i++) spool.append('event', 'galileo/events', lineAt(spool.next));
    spool.commit();
    writeSync(1, 'committed ' + (spool.next - 1) + '\\n');
    if (commit % 50 === 0) spool.saveState({ position: spool.next, recordings: [], clients: [{ token: 't', settled: [1, spool.next] }] });
    if (commit % 20 !== 0) continue;
    writeSync(1, 'releasing ' + (spool.next - 400) + '\\n');
    spool.release(spool.next - 400, () => false);
  }
`;

test(`a process that is killed by SIGKILL at any moment leaves all that was committed: ${rounds} rounds`, async () => {
  // Where a spool lies by default, beside those of others.
  const surroundings = { runtimeDirectory: undefined, temporaryDirectory: tmpdir(), user: process.getuid?.() };
  await using temporary = await temporaryDirectory();
  const memory = spoolDirectory(`test-kill-${process.pid}`, surroundings);
  await using _ = { [Symbol.asyncDispose]: () => rm(memory, { recursive: true, force: true }) };
  const random = createRandom(seed);
  let cut = 0;
  let records = 0;
  for (let round = 0; round < rounds; round++) {
    const directory = round % 2 === 0 ? temporary.path : memory;
    const producerId = `test/kill/${round}`;
    await using program = await startProgram([process.execPath, '--input-type=module', '-e', writer, directory, producerId], {
      directory: import.meta.dirname,
    });
    await program.untilOutput(/committed [1-9]/);
    await sleep(random() * 60);
    await program.kill('SIGKILL');
    const said = (word: string) => Number([...program.output().matchAll(new RegExp(`${word} (-?\\d+)\\n`, 'g'))].at(-1)![1]);

    const { spool } = open(directory, { producerId: 'test/kill/reader', maxBytes: 64e6 });
    const [leftover] = spool.leftovers();
    const found = [...leftover!.read()];
    expect(found.map(({ position, line }) => line === lineAt(position))).not.toContain(false);
    const first = found[0]?.position ?? Number.POSITIVE_INFINITY;
    expect(found.map(({ position }) => position - first)).toEqual(found.map((_, i) => i));
    expect(first).toBeLessThanOrEqual(Math.max(1, said('releasing')));
    expect(found.at(-1)!.position).toBeGreaterThanOrEqual(said('committed'));
    const { position, clients } = leftover!.state!;
    expect(clients).toEqual([{ token: 't', settled: [1, position] }]);
    expect(position).toBeLessThanOrEqual(found.at(-1)!.position + 1);
    const examined = leftover!.examine();
    expect(examined).toMatchObject({ records: found.length, damage: [] });
    if (examined.tail === 'cut') cut++;
    records += found.length;
    leftover!.remove();
    spool[Symbol.dispose]();
    expect(spool.bytes).toBe(0);
  }
  console.log(`SIGKILL of a writer, seed ${seed}: ${rounds} rounds, ${records} records found, ${cut} torn tails`);
}, 60_000);
