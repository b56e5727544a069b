import type { TraceLog } from './trace-log.ts';

/** Keeps no traces. */
export const noTraces: TraceLog = {
  openClient: () => ({ issued() {}, trace() {}, unrecorded() {} }),
  flush() {},
  async ready() {},
  clockEstimate: () => undefined,
  onConnection: listener => listener(true),
  async [Symbol.asyncDispose]() {},
};
