import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** A process of the bench that answers one message at a time. */
export interface Child extends AsyncDisposable {
  /** What it said when it was ready. */
  readonly greeting: unknown;
  ask<Answer>(question: object): Promise<Answer>;
}

/** @throws Error if the process ends before it says something */
async function heard(child: ChildProcess): Promise<unknown> {
  const stop = new AbortController();
  const { signal } = stop;
  const said = once(child, 'message', { signal });
  const gone = once(child, 'exit', { signal }).then(([code, name]) => {
    throw new Error(`${child.spawnargs.at(-2)} ended with ${name ?? `code ${code}`}`);
  });
  try {
    return (await Promise.race([said, gone]))[0];
  } finally {
    stop.abort();
    await Promise.allSettled([said, gone]);
  }
}

/** Runs a program as a process with a task. `profiles` is a directory for its CPU profiles. */
export async function startChild(program: string, task: object, profiles?: string): Promise<Child> {
  const execArgv = profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profiles}`];
  const child = fork(program, [JSON.stringify(task)], { execArgv });
  const exited = once(child, 'exit');
  return {
    greeting: await heard(child),
    async ask<Answer>(question: object) {
      child.send(question);
      return (await heard(child)) as Answer;
    },
    async [Symbol.asyncDispose]() {
      if (child.connected) child.disconnect();
      const late = setTimeout(() => child.kill('SIGKILL'), 20_000);
      await exited;
      clearTimeout(late);
    },
  };
}

/** The child's side: says that it is ready, answers what it is asked, and resolves when the other side has gone. */
export async function answerParent(greeting: object, answer: (question: never) => Promise<object>): Promise<void> {
  process.on('message', question => answer(question as never).then(said => process.send!(said)));
  process.send!(greeting);
  await once(process, 'disconnect');
}
