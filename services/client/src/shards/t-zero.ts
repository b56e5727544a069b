import type { Estimate } from '@galileo/reconcile';
import type { Refused, Started, WantedStart } from './shard.ts';

/** How far T0 may lie in the past, seconds: commands to several clients take their time. */
const latestStart = 1;

export interface Circumstances {
  /** UNIX seconds, by the own clock. */
  readonly now: number;
  /** Before it no workload may start any more, UNIX seconds. */
  readonly earliest: number;
  /** How the own clock relates to the recorder's; undefined while that is not known. */
  clockEstimate(): Pick<Estimate, 'offset' | 'uncertainty'> | undefined;
}

/** T0 by the own clock, of one that is asked for by either clock. */
export function tZero({ own, reference }: WantedStart, circumstances: Circumstances): Started | Refused {
  const { now } = circumstances;
  const earliest = Math.max(now - latestStart, circumstances.earliest);
  const estimate = reference === undefined ? undefined : circumstances.clockEstimate();
  if (reference !== undefined && estimate === undefined && own === undefined) {
    return {
      refusal:
        `start_at_reference: found ${reference}, and the offset of this worker's clock to the recorder's is not known; ` +
        'allowed: start_at, the time by its own clock, instead or beside it',
    };
  }
  const asked = estimate === undefined ? own : reference! - estimate.offset;
  if (asked === undefined) return { at: Math.max(now, earliest) };
  if (asked < earliest) {
    return {
      refusal: `start_at: found ${asked}, which is over; allowed: 0 for at once, or UNIX seconds of at least ${earliest.toFixed(3)}`,
    };
  }
  if (estimate === undefined) return { at: asked };
  const { offset, uncertainty } = estimate;
  return { at: asked, estimate: { offset, uncertainty } };
}
