import type { Operations } from './operations.ts';

/** What the worker answers to: opening, which comes first, and the operations of the open database. */
export type Calls = Operations & { open(path: string): void };

/** A call to the worker. */
export interface CallMessage {
  /** Names the answer. */
  readonly id: number;
  readonly name: keyof Calls;
  readonly args: readonly unknown[];
}

/** The worker's answer to the call with the same id. */
export type AnswerMessage =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly error: Error };
