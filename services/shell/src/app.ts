import type { Command } from 'commander';
import type { ExitCode } from './exit-codes.ts';
import type { Interrupts } from './interrupts.ts';
import type { Terminal } from './terminal.ts';

/** What the commands get from their process. */
export interface App {
  readonly terminal: Terminal;
  readonly env: NodeJS.ProcessEnv;
  readonly interrupts: Interrupts;
  /** Directory that commands in experiment files start from. */
  readonly directory: string;
  /** Who submits experiments. */
  readonly user: string;
}

/** Adds a command to its parent; the exit code that the action gives goes to `exit`. */
export type Register = (parent: Command, app: App, exit: (code: ExitCode) => void) => void;
