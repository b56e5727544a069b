import type {
  GetRecordingRequest,
  GetRecordingResponse,
  RecordFilter,
  StartRecordingRequest,
  StartRecordingResponse,
  StopRecordingRequest,
  StopRecordingResponse,
} from '@galileo/proto/recorder';
import { everything, kindName } from '@galileo/reconcile';
import { alreadyExists, invalidArgument, notFound, unavailable } from '@galileo/service';
import { NoRecordingError, RecordingExistsError, StoppingError } from '../errors.ts';
import type { Recordings } from '../recordings.ts';

/** Length of EXP_ID in Galileo's tables. */
const longestId = 100;

function checkId(experimentId: string): string {
  if (experimentId === '' || experimentId.length > longestId) {
    throw invalidArgument(`experiment_id: found ${JSON.stringify(experimentId)}; allowed: 1 to ${longestId} characters`);
  }
  return experimentId;
}

function checkTimeout(timeout: number, fallback: number): number {
  if (!Number.isFinite(timeout) || timeout < 0) {
    throw invalidArgument(`timeout: found ${timeout}; allowed: seconds, 0 for ${fallback}`);
  }
  return timeout === 0 ? fallback : timeout;
}

function checkFilter(filter: RecordFilter | undefined): RecordFilter {
  const unknown = filter?.kinds.find(kind => kindName(kind) === undefined);
  if (unknown !== undefined) {
    throw invalidArgument(`filter.kinds: found ${unknown}; allowed: RECORD_KIND_TRACE, RECORD_KIND_TELEMETRY, RECORD_KIND_EVENT`);
  }
  return filter ?? everything;
}

async function translated<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof RecordingExistsError) throw alreadyExists(error.message);
    if (error instanceof NoRecordingError) throw notFound(error.message);
    if (error instanceof StoppingError) throw unavailable(error.message);
    throw error;
  }
}

/** The calls about recordings. */
export function recordingCalls(recordings: Recordings) {
  return {
    startRecording(request: StartRecordingRequest): Promise<StartRecordingResponse> {
      const id = checkId(request.experimentId);
      return translated(recordings.start(id, checkFilter(request.filter), checkTimeout(request.timeout, 5)));
    },
    async stopRecording(request: StopRecordingRequest): Promise<StopRecordingResponse> {
      const id = checkId(request.experimentId);
      return { ledger: await translated(recordings.stop(id, checkTimeout(request.timeout, 30))) };
    },
    async getRecording(request: GetRecordingRequest): Promise<GetRecordingResponse> {
      const { start, end, filter, ledger } = await translated(recordings.view(checkId(request.experimentId)));
      return { start, end: end ?? 0, filter, ledger };
    },
  };
}
