import type { InstrumentDefinition } from '../instrument.ts';
import { cpu } from './cpu.ts';
import { disk } from './disk.ts';
import { load } from './load.ts';
import { net } from './net.ts';
import { processes } from './process.ts';
import { ram } from './ram.ts';
import { self } from './self.ts';

/** All instruments, in alphabetical order of their names. A new one is a file beside this and a line here. */
export const instruments = [cpu, disk, load, net, processes, ram, self] as const satisfies readonly InstrumentDefinition[];

export type InstrumentName = (typeof instruments)[number]['name'];

export const instrumentNames: readonly InstrumentName[] = instruments.map(instrument => instrument.name);
