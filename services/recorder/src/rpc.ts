import { RecorderDefinition } from '@galileo/proto/recorder';
import { type BoundService, bind, type Clock } from '@galileo/service';
import type { Recordings } from './recordings.ts';
import { type PublishOptions, publish } from './rpc/publish.ts';
import { type ReconcileOptions, reconcile } from './rpc/reconcile.ts';
import { recordingCalls } from './rpc/recording.ts';
import { untilAborted } from './rpc/until-aborted.ts';

export interface RpcOptions extends PublishOptions, ReconcileOptions {
  readonly recordings: Recordings;
  readonly clock: Clock;
  /** Ends all streams. */
  readonly signal: AbortSignal;
}

/** The gRPC service Recorder. */
export function recorderService(options: RpcOptions): BoundService {
  const { clock } = options;
  const ended = (call: AbortSignal) => AbortSignal.any([call, options.signal]);
  return bind(RecorderDefinition, {
    ...recordingCalls(options.recordings),
    publish: (requests, { signal }) => publish(options, requests, ended(signal)),
    reconcile: (requests, { signal }) => reconcile(options, requests, ended(signal)),
    async *syncClock(requests, { signal }) {
      for await (const { sent } of untilAborted(requests[Symbol.asyncIterator](), ended(signal))) {
        const received = clock.now();
        yield { sent, received, answered: clock.now() };
      }
    },
  });
}
