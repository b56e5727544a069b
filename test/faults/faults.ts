import { execFile } from 'node:child_process';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Draw } from './random.ts';
import type { LinkName, LoadProducer, Rig } from './rig.ts';

/** Something that goes wrong for a while. */
export interface Fault {
  readonly what: string;
  begin(rig: Rig): unknown;
  /** Also called when another fault has ended it meanwhile. */
  end(rig: Rig): unknown;
}

export const redisKilled: Fault = {
  what: 'Redis killed, started again empty',
  begin: ({ redis }) => redis.kill(),
  end: ({ redis }) => redis.restart(),
};

export const redisStopped: Fault = {
  what: 'Redis stands still',
  begin: ({ redis }) => redis.pause(),
  end: ({ redis }) => redis.resume(),
};

export const recorderKilled: Fault = {
  what: 'recorder killed',
  begin: ({ recorder }) => recorder.kill(),
  end: ({ recorder }) => recorder.restart(),
};

export const producerKilled = (index: number): Fault => ({
  what: `producer ${index} killed`,
  begin: ({ producers }) => producers[index]!.kill(),
  end: ({ producers }) => producers[index]!.restart(),
});

const healed = (name: LinkName) => ({ end: ({ links }: Rig) => links[name].heal() });

export const linkCut = (name: LinkName): Fault => ({
  what: `${name}: cut`,
  begin: ({ links }) => links[name].cut(),
  ...healed(name),
});

/** Connections stay open, and nothing passes. */
const linkSilent = (name: LinkName): Fault => ({
  what: `${name}: silent`,
  begin: ({ links }) => links[name].halfOpen(),
  ...healed(name),
});

/** `seconds` in each direction. */
export const linkDelayed = (name: LinkName, seconds: number): Fault => ({
  what: `${name}: ${seconds.toFixed(2)} s late`,
  begin: ({ links }) => links[name].delay(seconds),
  ...healed(name),
});

/** `rate` in bytes per second. */
export const linkThrottled = (name: LinkName, rate: number): Fault => ({
  what: `${name}: ${Math.round(rate / 1000)} kB/s`,
  begin: ({ links }) => links[name].throttle(rate),
  ...healed(name),
});

/** A fault of a link: each kind is as likely as the others. */
export function anyLinkFault(name: LinkName, draw: Draw): Fault {
  const make = draw.pick([
    () => linkCut(name),
    () => linkSilent(name),
    () => linkDelayed(name, draw.between(0.1, 1)),
    () => linkThrottled(name, draw.between(50_000, 200_000)),
  ]);
  return make();
}

const run = promisify(execFile);

async function limitFiles({ recorder }: Rig, bytes: string): Promise<void> {
  if (!recorder.process.running) return;
  await run('prlimit', ['--pid', `${recorder.process.pid}`, `--fsize=${bytes}:unlimited`]);
}

/**
 * No file of the recorder may grow beyond some length (RLIMIT_FSIZE), which may be changed while it runs and without being
 * root: SQLite's writes fail as they do on a full disk. The limit is above what its log may reach, and below a second of rows.
 */
export const storeFull: Fault = {
  what: 'disk of the store full',
  begin: rig => limitFiles(rig, `${256 * 1024}`),
  end: rig => limitFiles(rig, 'unlimited'),
};

async function emptySpool({ spoolDirectory }: LoadProducer): Promise<void> {
  const names = await readdir(spoolDirectory);
  await Promise.all(names.map(name => rm(join(spoolDirectory, name), { force: true })));
}

/** All files of a producer's spool are removed while it goes on. */
export const spoolWiped = (index: number): Fault => ({
  what: `spool of producer ${index} wiped`,
  begin: ({ producers }) => emptySpool(producers[index]!),
  end() {},
});

/** The producer stands still meanwhile, or it might write its files anew in between. */
export const wipedAndKilled = (index: number): Fault => ({
  what: `producer ${index} killed, its spool wiped`,
  async begin({ producers }) {
    const producer = producers[index]!;
    producer.process.pause();
    await emptySpool(producer);
    await producer.kill();
    producer.runs.at(-1)!.wiped = true;
  },
  end: ({ producers }) => producers[index]!.restart(),
});
