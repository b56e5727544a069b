/** Hands a request over that was due at `created`, at the time `released` (UNIX seconds); `refusal` fails it at once, unsent. */
export type HandOver = (created: number, released: number, refusal?: string) => void;

/** When a client's requests are handed over. Times are UNIX seconds. */
export interface Workload {
  /** Whether requests have an intended time, from which they may be late. */
  readonly scheduled: boolean;
  /** When it wants to hand over next; `undefined` if never, or only after an answer. */
  nextDue(): number | undefined;
  /** It is due. */
  release(now: number): void;
  /** One of its requests was answered or has failed. */
  settled(now: number): void;
  /** It hands over nothing any more. */
  stop(): void;
  /** How many requests were due until `now`, handed over or not. */
  intended(now: number): number;
  /** Has everything been handed over and settled? */
  isOver(): boolean;
}
