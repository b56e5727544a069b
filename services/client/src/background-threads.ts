import { readdirSync, readFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';

const tasks = '/proc/self/task';

/*
 * V8 compiles and collects in up to four threads of its own. When a load begins all four compile, and on a core that has nothing to
 * spare each takes turns of 4 ms while requests are due: at 20,000 requests per second the first second was late by up to 20 ms,
 * and is by 5 ms with what follows.
 */

/** Options of Node: V8 has one such thread, and grows its young generation, in which nothing stays for long here, to a few MB. */
export const nodeOptions = ['--v8-pool-size=1', '--max-semi-space-size=4'];

/**
 * Has V8's threads give way to those that generate load. Only Linux knows priorities of threads; elsewhere, and where it is
 * forbidden, they stay as they are.
 */
export function deferBackgroundThreads(): void {
  try {
    for (const thread of readdirSync(tasks)) {
      const name = readFileSync(`${tasks}/${thread}/comm`, 'utf8');
      if (name.startsWith('V8Worker')) setPriority(Number(thread), constants.priority.PRIORITY_BELOW_NORMAL);
    }
  } catch {
    // Exactness under full load is all that it costs.
  }
}
