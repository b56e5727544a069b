import { lineRecorderDefinition } from '@galileo/bus';
import { type BoundService, bind, type ProcessClock } from '@galileo/service';
import { type PublishOptions, publish } from './rpc/publish.ts';
import { type ReconcileOptions, reconcile } from './rpc/reconcile.ts';
import { type RecordingOptions, recordingCalls } from './rpc/recording.ts';
import { untilAborted } from './rpc/until-aborted.ts';

export interface RpcOptions extends PublishOptions, ReconcileOptions, RecordingOptions {
  readonly clock: ProcessClock;
  /** Names the process whose clock it is. */
  readonly nonce: string;
  /** Ends all streams. */
  readonly signal: AbortSignal;
}

/** The gRPC service Recorder. */
export function recorderService(options: RpcOptions): BoundService {
  const { clock, nonce } = options;
  const ended = (call: AbortSignal) => AbortSignal.any([call, options.signal]);
  const recording = recordingCalls(options);
  return bind(lineRecorderDefinition(), {
    ...recording,
    watchRecording: (request, { signal }) => recording.watchRecording(request, ended(signal)),
    publish: (requests, { signal }) => publish(options, requests, ended(signal)),
    reconcile: (requests, { signal }) => reconcile(options, requests, ended(signal)),
    async *syncClock(requests, { signal }) {
      for await (const { sent } of untilAborted(requests[Symbol.asyncIterator](), ended(signal))) {
        const received = clock.now();
        yield { sent, received, reference: `${nonce}/${clock.segment}`, answered: clock.now() };
      }
    },
  });
}
