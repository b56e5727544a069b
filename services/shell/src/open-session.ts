import { type Callee, explain, isUnreachable } from './errors.ts';
import type { Interrupts } from './interrupts.ts';

/** A connection that a command has opened. */
export interface OpenSession extends Callee, AsyncDisposable {
  /** May the standalone be about to end, because it was another command's? */
  readonly joined: boolean;
  /** From now on the work must not be done over: something has been begun. */
  commit(): void;
  readonly committed: boolean;
}

/** What was thrown by the use of a session, put for a person. */
class SessionError extends Error {
  constructor(cause: unknown, callee: Callee) {
    super(explain(cause, callee), { cause });
    this.name = 'SessionError';
  }
}

/** Whether a session's work has been begun. */
export function createCommitment(): Pick<OpenSession, 'commit' | 'committed'> {
  let committed = false;
  return {
    commit() {
      committed = true;
    },
    get committed() {
      return committed;
    },
  };
}

/**
 * Opens a session, uses it and closes it. A standalone that was joined may end at that moment, because the command that had started it
 * has ended: then the work is done over with another one, unless it has committed itself.
 * @throws SessionError for what the use throws.
 */
export async function useSession<S extends OpenSession, T>(
  open: () => Promise<S>,
  interrupts: Interrupts,
  use: (session: S) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    await using session = await open();
    try {
      return await use(session);
    } catch (error) {
      if (attempt < 3 && session.joined && !session.committed && isUnreachable(error)) continue;
      if (interrupts.first.aborted) throw error;
      throw new SessionError(error, session);
    }
  }
}
