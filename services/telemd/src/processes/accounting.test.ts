import fc from 'fast-check';
import { expect, test } from 'vitest';
import { refreshAll, takeGains } from './accounting.ts';
import type { Member } from './member.ts';

interface KernelProcess {
  parent: number;
  cpu: number;
  waited: number;
}

type Step = { readonly does: 'fork' | 'burn' | 'wait'; readonly which: number; readonly amount: number };

/** Processes that fork, burn CPU and wait for their children, as the kernel accounts for them; 1 is the first and never ends. */
function createKernel() {
  const running = new Map<number, KernelProcess>([[1, { parent: 0, cpu: 0, waited: 0 }]]);
  const spent = { total: 0 };
  let newest = 1;
  const pick = (which: number) => [...running.keys()][which % running.size]!;
  const take = ({ does, which, amount }: Step) => {
    const pid = pick(which);
    const process = running.get(pid)!;
    if (does === 'fork') {
      newest += 1;
      running.set(newest, { parent: pid, cpu: 0, waited: 0 });
    } else if (does === 'burn') {
      process.cpu += amount;
      spent.total += amount;
    } else if (pid !== 1) {
      const parent = running.get(process.parent)!;
      if ([...running.values()].some(other => other.parent === pid)) return;
      parent.waited += process.cpu + process.waited;
      running.delete(pid);
    }
  };
  return { running, spent, take };
}

/** Members of the kernel's processes. Before each look at one, the kernel may go on by a step of `meanwhile`. */
function follow(kernel: ReturnType<typeof createKernel>, members: Map<number, Member>, meanwhile: Step[]) {
  const statOf = (pid: number) => {
    const process = kernel.running.get(pid);
    return process && { state: 'S', threads: 1, rss: 0, ...process };
  };
  for (const pid of kernel.running.keys()) {
    if (members.has(pid)) continue;
    const member: Member = {
      pid,
      stat: statOf(pid)!,
      counted: { cpu: 0, waited: 0 },
      gone: false,
      refresh() {
        const step = meanwhile.shift();
        if (step !== undefined) kernel.take(step);
        const stat = statOf(pid);
        if (stat === undefined) member.gone = true;
        else if (!member.gone) member.stat = stat;
      },
      [Symbol.dispose]() {},
    };
    members.set(pid, member);
  }
}

const step = fc.record({ does: fc.constantFrom('fork', 'burn', 'burn', 'wait', 'wait'), which: fc.nat(30), amount: fc.nat(50) });
/** What happens between two readings, and what happens while the second is taken: fewer things than it has rounds. */
const period = fc.record({ before: fc.array(step, { maxLength: 12 }), meanwhile: fc.array(step, { maxLength: 5 }) });

test('whatever is forked and waited for, also while it is read, nothing is counted twice and nothing is lost', () => {
  fc.assert(
    fc.property(fc.array(period, { maxLength: 12 }), periods => {
      const kernel = createKernel();
      const members = new Map<number, Member>();
      let counted = 0;
      const meanwhile: Step[] = [];
      for (const { before, meanwhile: during } of [...periods, { before: [], meanwhile: [] }]) {
        for (const each of before) kernel.take(each);
        follow(kernel, members, meanwhile);
        meanwhile.push(...during);
        refreshAll(members);
        for (const gain of takeGains(members).values()) counted += gain;
        for (const member of [...members.values()]) if (member.gone) members.delete(member.pid);
        for (const rest of meanwhile.splice(0)) kernel.take(rest);
      }
      follow(kernel, members, meanwhile);
      refreshAll(members);
      for (const gain of takeGains(members).values()) counted += gain;
      expect(counted).toBe(kernel.spent.total);
    }),
    { numRuns: 500 },
  );
});
