import { openKernelFile, type Scratch } from '../kernel-file.ts';
import { refreshAll, takeGains } from './accounting.ts';
import type { KernelUnits } from './auxiliary-vector.ts';
import { type FindDescendants, findByChildren, findByParents, ifThere, listsChildren } from './descendants.ts';
import { ancestors, isAlive, lifetime, type Member, type Members, openMember } from './member.ts';
import { parseForks } from './process-stat.ts';

/** A process to follow, with all its descendants. One without a name is only kept apart from its ancestors. */
export interface NamedProcess {
  readonly name: string;
  readonly pid: number;
}

/** What a named process and its descendants use. */
interface ProcessUsage {
  readonly name: string;
  /** CPU time since the process began, nanoseconds; it never falls. */
  readonly cpu: number;
  /** Resident memory, bytes; pages that its processes share count for each. */
  readonly rss: number;
}

/**
 * The named processes. A process belongs to its nearest named ancestor (or itself): where one named process runs below
 * another, its usage is its own and not the other's. A descendant that is orphaned stays with the name that it had.
 */
export interface ProcessTable extends Disposable {
  /** Follows these and no others. One that was followed under the same name before keeps its counter. @throws NoSuchProcessError, and then nothing has changed */
  replace(processes: readonly NamedProcess[]): void;
  /** The usage of those that run; one that has ended is left out from then on. */
  read(): readonly ProcessUsage[];
}

/** A process to be followed does not run. */
export class NoSuchProcessError extends Error {
  readonly process: NamedProcess;
  constructor({ name, pid }: NamedProcess) {
    super(`process ${pid} (${name}) does not run on this node, or is hidden from telemd`);
    this.name = 'NoSuchProcessError';
    this.process = { name, pid };
  }
}

interface Tree extends NamedProcess {
  readonly root: Member;
  /** CPU ticks; undefined before the first reading. */
  ticks: number | undefined;
}

export interface ProcessTableOptions {
  readonly procRoot: string;
  readonly units: KernelUnits;
  readonly scratch: Scratch;
}

/** While nothing was started, no descendant can be new; a list of children may be incomplete, so look now and then. */
const readingsTrusted = 10;

export function createProcessTable({ procRoot, units, scratch }: ProcessTableOptions): ProcessTable {
  let trees: readonly Tree[] = [];
  const members = new Map<number, Member>();
  const owners = new Map<Member, Tree>();
  let find: FindDescendants = () => [];
  let forks: number | undefined;
  let readings = 0;

  const forget = (member: Member) => {
    member[Symbol.dispose]();
    owners.delete(member);
    if (members.get(member.pid) === member) members.delete(member.pid);
  };

  /** The root as a member that runs, taken over from the table if it is there. */
  const openRoot = (named: NamedProcess): Member => {
    const known = members.get(named.pid);
    known?.refresh();
    const member = known !== undefined && !known.gone ? known : openMember(procRoot, named.pid, scratch);
    if (member !== undefined && isAlive(member)) return member;
    if (member !== known) member?.[Symbol.dispose]();
    throw new NoSuchProcessError(named);
  };

  const lookForDescendants = () => {
    const now = countForks(procRoot, scratch);
    readings += 1;
    if (now !== undefined && now === forks && readings % readingsTrusted !== 0) return;
    forks = now;
    for (const pid of find(new Set(members.keys()))) {
      const member = openMember(procRoot, pid, scratch);
      if (member !== undefined) members.set(pid, member);
    }
  };

  const assignOwners = () => {
    const living = new Map(trees.filter(tree => isAlive(tree.root)).map(tree => [tree.root, tree]));
    const remaining = new Set(living.values());
    for (const member of [...members.values()]) {
      const line = [member, ...ancestors(member, members)];
      const root = line.find(ancestor => living.has(ancestor));
      // An orphan's line leads past the root; it keeps the owner that it, or whom it descends from, had.
      const heirloom = line.map(ancestor => owners.get(ancestor)).find(owner => owner !== undefined && remaining.has(owner));
      const owner = root === undefined ? heirloom : living.get(root);
      if (owner === undefined) forget(member);
      else owners.set(member, owner);
    }
    trees = [...remaining];
  };

  return {
    replace(processes) {
      const opened = new Map<number, Member>();
      const next: Tree[] = [];
      try {
        for (const named of processes) {
          const root = opened.get(named.pid) ?? openRoot(named);
          if (members.get(named.pid) !== root) opened.set(named.pid, root);
          const same = trees.find(tree => tree.name === named.name && tree.root === root);
          next.push(same ?? { ...named, root, ticks: undefined });
        }
      } catch (error) {
        for (const member of opened.values()) member[Symbol.dispose]();
        throw error;
      }
      for (const root of opened.values()) {
        const predecessor = members.get(root.pid);
        if (predecessor !== undefined) forget(predecessor);
        members.set(root.pid, root);
      }
      trees = next;
      const [first] = next;
      const byChildren = first !== undefined && listsChildren(procRoot, first.pid);
      find = byChildren ? findByChildren(procRoot, scratch) : findByParents(procRoot, scratch);
      forks = undefined;
      assignOwners();
    },

    read() {
      if (trees.length === 0) return [];
      lookForDescendants();
      refreshAll(members);
      assignOwners();
      const gains = takeGains(members);
      for (const member of [...members.values()]) if (member.gone) forget(member);
      const reported = trees.filter(tree => tree.name !== '');
      return reported.map(tree => usage(tree, members, owners, gains, units));
    },

    [Symbol.dispose]() {
      trees = [];
      for (const member of [...members.values()]) forget(member);
    },
  };
}

/** Undefined where the kernel does not say. */
function countForks(procRoot: string, scratch: Scratch): number | undefined {
  return ifThere(() => {
    using file = openKernelFile(`${procRoot}/stat`, scratch);
    return parseForks(file.read());
  });
}

function usage(
  tree: Tree,
  members: Members,
  owners: ReadonlyMap<Member, Tree>,
  gains: ReadonlyMap<Member, number>,
  units: KernelUnits,
): ProcessUsage {
  const own = [...members.values()].filter(member => owners.get(member) === tree);
  const sum = (value: (member: Member) => number) => own.reduce((total, member) => total + value(member), 0);
  // A counter begins with all that the processes have used so far, and goes on by what is new.
  tree.ticks = tree.ticks === undefined ? sum(lifetime) : tree.ticks + sum(member => gains.get(member) ?? 0);
  return {
    name: tree.name,
    cpu: Math.round(tree.ticks * (1e9 / units.ticks)),
    rss: sum(member => member.stat.rss) * units.page,
  };
}
