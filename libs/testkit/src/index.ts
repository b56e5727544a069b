export { silentLog } from './log.ts';
export { type TemporaryDirectory, temporaryDirectory } from './temporary-directory.ts';
export { until } from './until.ts';
export { startUpstream, type Upstream } from './upstream.ts';
