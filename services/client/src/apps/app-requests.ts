import { randomInt } from 'node:crypto';
import type { AppSpec, RequestSpec } from '../requests/request-spec.ts';
import { AppError } from './app-error.ts';
import { type AppsOptions, createApps } from './apps.ts';
import { startGeneratorThread } from './generator-thread.ts';

export interface AppRequestsOptions extends AppsOptions {
  /** Seconds that a request may take to be made. */
  readonly timeout: number;
  /** MB of memory for a generator's objects. */
  readonly memory: number;
}

/** Clients of an app that are to be made. */
export interface WantedApp {
  readonly name: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** How many clients. */
  readonly count: number;
  /** Of each client's random numbers; drawn unless told. */
  readonly seeds?: readonly number[];
  /** Whether a generator that can't be loaded is refused; it takes the time of starting a thread. Otherwise its clients fail. */
  readonly rehearsed: boolean;
}

/** Finds what clients of an app send. @throws (rejects with) AppError if it can't be had. */
export type AppRequests = (wanted: WantedApp) => Promise<RequestSpec>;

/** Loads the generator in a thread of its own, once, so that one that can't be used is refused at once. */
function rehearse(app: AppSpec): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (why: string) => reject(new AppError('broken', app.name, `${app.generator}: ${why}`));
    const thread = startGeneratorThread({
      app,
      onLoaded(problem) {
        thread.end();
        if (problem === undefined) resolve();
        else refuse(problem);
      },
      onEnd: refuse,
      onMade() {},
      onOutput() {},
    });
  });
}

export function createAppRequests({ directory, repository, timeout, memory }: AppRequestsOptions): AppRequests {
  const apps = createApps({ directory, repository });
  return async ({ name, parameters, count, seeds, rehearsed }) => {
    const found = await apps.find(name);
    const drawn = seeds ?? Array.from({ length: count }, () => randomInt(2 ** 48 - 1));
    const app: AppSpec = { ...found, name, parameters, seeds: drawn, timeout, memory };
    if (rehearsed) await rehearse(app);
    return { kind: 'app', app };
  };
}
