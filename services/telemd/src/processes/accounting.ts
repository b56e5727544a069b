import { ancestors, type Member, type Members } from './member.ts';

/** The nearest ancestor that is still there, through those that have gone meanwhile. */
function remainingAncestor(member: Member, members: Members): Member | undefined {
  for (const ancestor of ancestors(member, members)) if (!ancestor.gone) return ancestor;
  return undefined;
}

/** Enough for processes that end while they are looked at; one that starts and ends them for ever must not keep the agent. */
const rounds = 8;

/**
 * Makes a parent's reading agree with those of its descendants. When a process is waited for, its CPU time moves to its
 * parent's; read in between, it would be counted twice, or not at all. So they are read between two readings of the
 * parent that show the same sum: no child was waited for in between.
 */
function settle(parent: Member, descendants: readonly Member[]): void {
  for (let round = 0; round < rounds; round += 1) {
    for (const descendant of descendants) descendant.refresh();
    const { waited } = parent.stat;
    parent.refresh();
    if (parent.gone || parent.stat.waited === waited) return;
  }
}

/** Reads all members again, consistently. */
export function refreshAll(members: Members): void {
  for (const member of members.values()) member.refresh();
  const settledAt = new Map<Member, number>();
  const bequeathed = new Set<Member>();
  for (let round = 0; round < rounds; round += 1) {
    const unsettled = new Set<Member>();
    for (const member of members.values()) {
      if (!member.gone) {
        if (member.stat.waited !== (settledAt.get(member) ?? member.counted.waited)) unsettled.add(member);
      } else if (!bequeathed.has(member)) {
        bequeathed.add(member);
        const heir = remainingAncestor(member, members);
        if (heir !== undefined) unsettled.add(heir);
      }
    }
    if (unsettled.size === 0) return;
    for (const parent of unsettled) {
      settle(parent, descendantsOf(parent, members));
      settledAt.set(parent, parent.stat.waited);
    }
  }
}

function descendantsOf(parent: Member, members: Members): Member[] {
  return [...members.values()].filter(member => !member.gone && [...ancestors(member, members)].includes(parent));
}

/**
 * CPU ticks that each remaining member has spent since it was last counted, and marks them as counted. What a parent
 * gets by waiting for a child is new only as far as it was not counted while the child ran; the rest, and the children
 * that came and went unseen, are.
 */
export function takeGains(members: Members): Map<Member, number> {
  const alreadyCounted = new Map<Member, number>();
  for (const member of members.values()) {
    if (!member.gone) continue;
    const heir = remainingAncestor(member, members);
    if (heir === undefined) continue;
    alreadyCounted.set(heir, (alreadyCounted.get(heir) ?? 0) + member.counted.cpu + member.counted.waited);
  }
  const gains = new Map<Member, number>();
  for (const member of members.values()) {
    if (member.gone) continue;
    const own = member.stat.cpu - member.counted.cpu;
    const inherited = member.stat.waited - member.counted.waited - (alreadyCounted.get(member) ?? 0);
    gains.set(member, Math.max(0, own) + Math.max(0, inherited));
    member.counted = { cpu: member.stat.cpu, waited: member.stat.waited };
  }
  return gains;
}
