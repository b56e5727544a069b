import type { Histogram } from '@galileo/analysis';
import type { ShardConfig, ShardPlace } from './open-shard.ts';
import type { Figures, Shard, ShardEvents } from './shard.ts';

/** What a thread is started with. */
export interface ThreadData {
  readonly config: ShardConfig;
  readonly place: ShardPlace;
}

/** What of a shard is called by its name; its end is. */
export type ShardCall = Exclude<keyof Shard, symbol> | 'end';

/** A call. `answer` is the number of its answer, if one is wanted. */
export interface ToThread {
  readonly call: ShardCall;
  readonly args: readonly unknown[];
  readonly answer?: number;
}

export type FromThread =
  | { readonly kind: 'open' }
  /** It can't be opened with this config. */
  | { readonly kind: 'refused'; readonly problems: readonly string[] }
  | { readonly kind: 'answer'; readonly answer: number; readonly value: unknown }
  | { readonly kind: 'failed'; readonly answer: number; readonly error: unknown }
  | { readonly kind: 'event'; readonly event: keyof ShardEvents; readonly args: readonly unknown[] };

/** Figures on their way, their histograms as bytes. */
export type SentFigures = { readonly [K in keyof Figures]: Figures[K] extends Histogram ? Uint8Array : Figures[K] };
