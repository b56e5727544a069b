import type { Doorbell, LineBatch } from '@galileo/bus';
import type { PublishResponse } from '@galileo/proto/recorder';
import { invalidArgument } from '@galileo/service';
import type { Admission } from '../admission.ts';
import type { Progress } from '../committer.ts';
import type { Intake } from '../intake.ts';
import { untilAborted } from './until-aborted.ts';

export interface PublishOptions {
  readonly intake: Intake;
  readonly admission: Admission;
  readonly bell: Doorbell;
}

/** @throws ServerError INVALID_ARGUMENT if the message can't be the next of the stream */
function check(request: LineBatch, progress: Progress | undefined): void {
  const { producerId, sequence } = request;
  if (progress === undefined && producerId === '') {
    throw invalidArgument('producer_id: found none in the first message of the stream; allowed: <service>/<node>/<nonce>');
  }
  if (progress !== undefined && producerId !== '' && producerId !== progress.producerId) {
    throw invalidArgument(
      `producer_id: found ${JSON.stringify(producerId)} on the stream of ${JSON.stringify(progress.producerId)}; allowed: the same, or none`,
    );
  }
  if (!Number.isSafeInteger(sequence) || sequence < 1) {
    throw invalidArgument(`sequence: found ${sequence}; allowed: batches are counted from 1`);
  }
}

/** Recorder.Publish: takes batches as there is room for them, and acknowledges what is durable. */
export async function* publish(
  options: PublishOptions,
  requests: AsyncIterable<LineBatch>,
  signal: AbortSignal,
): AsyncGenerator<PublishResponse> {
  const { intake, admission, bell } = options;
  let progress: Progress | undefined;
  let acknowledged = 0;
  let ended = false;
  let failure: unknown;

  const read = async () => {
    for await (const request of untilAborted(requests[Symbol.asyncIterator](), signal)) {
      check(request, progress);
      progress ??= intake.progress(request.producerId);
      if (!(await admission.wait(progress.producerId, signal))) return;
      intake.take(progress, request);
      // A batch that was sent again may be durable already.
      bell.ring();
    }
  };
  read()
    .catch(error => {
      failure = error;
    })
    .finally(() => {
      ended = true;
      bell.ring();
    });

  const unacknowledged = () => progress !== undefined && progress.durable > acknowledged;
  const finished = () => ended && (failure !== undefined || progress === undefined || progress.durable >= progress.accepted);
  while (await bell.until(() => unacknowledged() || finished(), signal)) {
    if (unacknowledged()) {
      acknowledged = progress!.durable;
      yield { durableSequence: acknowledged };
    } else break;
  }
  if (failure !== undefined) throw failure;
}
