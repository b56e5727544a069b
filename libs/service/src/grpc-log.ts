import { setLogger } from '@grpc/grpc-js';
import type { Logger } from './log.ts';

/** Headers as @grpc/grpc-js traces them with GRPC_TRACE: in a JSON object, or a line each. */
const secretHeaders = /("?(?:authorization|token)"?\s*:\s*)(\[(?:"(?:[^"\\]|\\.)*",?)*\]|[^\n]*)/gi;

/**
 * Makes what @grpc/grpc-js would print on stderr part of a log, at level debug: what it says there it also throws or answers,
 * and then it is told by whoever was told. Holds for the process.
 */
export function adoptGrpcLog(log: Logger): void {
  const say = (message?: unknown, ...more: unknown[]) =>
    log.debug({ grpc: [message, ...more].join(' ').replaceAll(secretHeaders, '$1[redacted]') }, 'gRPC');
  setLogger({ ...console, error: say, info: say, debug: say });
}
