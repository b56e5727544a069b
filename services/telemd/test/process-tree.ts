import { mkdir, rm, writeFile } from 'node:fs/promises';

/** A process as a test describes it; CPU in clock ticks, memory in pages. */
export interface FakeProcess {
  readonly parent: number;
  readonly cpu?: number;
  readonly waited?: number;
  readonly rss?: number;
  readonly state?: string;
}

/** A /proc of ordinary files, whose processes a test starts, changes and ends. */
export function fakeProc(root: string, options: { listsChildren: boolean }) {
  const running = new Map<number, Required<FakeProcess>>();
  let forks = 0;

  const write = async (pid: number) => {
    const { parent, cpu, waited, rss, state } = running.get(pid)!;
    await mkdir(`${root}/${pid}/task/${pid}`, { recursive: true });
    const line = `${pid} (p) ${state} ${parent} 1 1 0 -1 0 0 0 0 0 ${cpu} 0 ${waited} 0 20 0 1 0 5 1000 ${rss} 0\n`;
    await writeFile(`${root}/${pid}/stat`, line);
    if (options.listsChildren) {
      for (const each of running.keys()) {
        const children = [...running].filter(([, process]) => process.parent === each).map(([child]) => `${child} `);
        await writeFile(`${root}/${each}/task/${each}/children`, children.join('')).catch(() => {});
      }
    }
    await writeFile(`${root}/stat`, `cpu  0 0 0 0\nprocesses ${forks}\n`);
  };

  return {
    /** Starts a process, or changes one. */
    async set(pid: number, process: FakeProcess) {
      if (!running.has(pid)) forks += 1;
      running.set(pid, { cpu: 0, waited: 0, rss: 0, state: 'S', ...process });
      await write(pid);
    },
    /** Takes it out of the process table, as when its parent has waited for it. */
    async end(pid: number) {
      const process = running.get(pid)!;
      // An open file of /proc answers ESRCH from here on; an ordinary one can at least say "dead".
      running.set(pid, { ...process, state: 'X' });
      await write(pid);
      running.delete(pid);
      await rm(`${root}/${pid}`, { recursive: true });
    },
  };
}
