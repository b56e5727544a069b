import { type KernelFile, openKernelFile, type Scratch } from '../kernel-file.ts';
import { ifThere } from './descendants.ts';
import { hasEnded, type ProcessStat, parseProcessStat } from './process-stat.ts';

/**
 * A process that is followed. Its file stays open, which also ties it to this very process: should the id be given to
 * another one, reading fails (ESRCH) instead of giving the other's figures.
 */
export interface Member extends Disposable {
  readonly pid: number;
  /** As last read. */
  stat: ProcessStat;
  /** CPU ticks that have been counted: its own, and those of children that it has waited for. */
  counted: { readonly cpu: number; readonly waited: number };
  /** True once it has been taken out of the process table (waited for). It may have ended before: see `hasEnded`. */
  gone: boolean;
  /** Reads it again. */
  refresh(): void;
}

/** Begins to follow a process, with nothing counted; undefined if there is none. */
export function openMember(procRoot: string, pid: number, scratch: Scratch): Member | undefined {
  const file: KernelFile | undefined = ifThere(() => openKernelFile(`${procRoot}/${pid}/stat`, scratch));
  if (file === undefined) return undefined;
  const read = () => ifThere(() => parseProcessStat(file.read()));
  const stat = read();
  if (stat === undefined || stat.state === 'X') {
    file[Symbol.dispose]();
    return undefined;
  }
  const member: Member = {
    pid,
    stat,
    counted: { cpu: 0, waited: 0 },
    gone: false,
    refresh() {
      if (member.gone) return;
      const now = read();
      // X: its parent has just added its CPU time to `waited`; from here on it is counted there.
      if (now === undefined || now.state === 'X') member.gone = true;
      else member.stat = now;
    },
    [Symbol.dispose]: () => file[Symbol.dispose](),
  };
  return member;
}

/** Followed processes by their id. */
export type Members = ReadonlyMap<number, Member>;

/** Parent, its parent and so on, as far as they are followed. */
export function* ancestors(member: Member, members: Members): Generator<Member> {
  let ancestor = members.get(member.stat.parent);
  // There are no more ancestors than members, whatever the kernel (or a damaged file) says.
  for (let steps = members.size; ancestor !== undefined && steps > 0; steps -= 1) {
    yield ancestor;
    ancestor = members.get(ancestor.stat.parent);
  }
}

/** CPU ticks of a member, and of what it has waited for. */
export function lifetime(member: Member): number {
  return member.stat.cpu + member.stat.waited;
}

/** Does it run? */
export function isAlive(member: Member): boolean {
  return !member.gone && !hasEnded(member.stat);
}
