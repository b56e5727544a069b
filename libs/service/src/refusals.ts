import { splitAddress } from './addresses.ts';
import type { Logger } from './log.ts';

/** Tells the log who was refused and why: one line per host and reason in a while, for whoever is refused tries again at once. */
export interface Refusals {
  /** @param peer HOST:PORT of the other side. */
  connection(peer: string, reason: string): void;
  /** As `connection`, for a reason that says little: it is left out where another one was told of that host. */
  vague(peer: string, reason: string): void;
  call(peer: string, method: string, reason: string): void;
}

/** Milliseconds. */
const quiet = 60_000;

/** Hosts and reasons that are remembered; beyond it the oldest is forgotten. */
const remembered = 1000;

export function createRefusals(log: Logger, now: () => number = () => performance.now()): Refusals {
  const told = new Map<string, Map<string, { at: number; repeated: number }>>();

  function tell(peer: string, reason: string, message: string, fields: object = {}): void {
    const { host } = splitAddress(peer);
    const reasons = told.get(host) ?? new Map<string, { at: number; repeated: number }>();
    const entry = reasons.get(reason);
    if (entry !== undefined && now() - entry.at < quiet) {
      entry.repeated++;
      return;
    }
    const repeated = entry?.repeated ?? 0;
    reasons.set(reason, { at: now(), repeated: 0 });
    told.set(host, reasons);
    if (told.size > remembered) told.delete(told.keys().next().value!);
    log.warn({ peer, ...fields, reason, ...(repeated > 0 && { repeated }) }, message);
  }

  return {
    connection: (peer, reason) => tell(peer, reason, 'refused a connection'),
    vague(peer, reason) {
      const others = [...(told.get(splitAddress(peer).host) ?? [])].filter(([known]) => known !== reason);
      if (others.some(([, { at }]) => now() - at < quiet)) return;
      tell(peer, reason, 'refused a connection');
    },
    call: (peer, method, reason) => tell(peer, reason, 'refused a call', { method }),
  };
}
