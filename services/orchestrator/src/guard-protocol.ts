/** What the orchestrator asks of its guard. */
export type GuardRequest =
  | {
      readonly type: 'start';
      /** Number by which this child is spoken of. */
      readonly id: number;
      /** Program and arguments. */
      readonly command: readonly string[];
      readonly directory: string;
      readonly environment: Readonly<Record<string, string>>;
      /** File that stdout and stderr are appended to. */
      readonly log: string;
    }
  /** SIGTERM to the child's process group, SIGKILL to what is left of it after `grace` seconds. */
  | { readonly type: 'stop'; readonly id: number; readonly grace: number };

/** What the guard tells. */
export type GuardReport =
  | { readonly type: 'started'; readonly id: number; readonly pid: number }
  /** The program could not be started. */
  | { readonly type: 'refused'; readonly id: number; readonly reason: string }
  /** The child itself has ended; descendants may still run. */
  | { readonly type: 'exited'; readonly id: number; readonly code: number | null; readonly signal: string | null }
  /** No process of the child's group is left. Always follows `exited`. */
  | { readonly type: 'gone'; readonly id: number };
