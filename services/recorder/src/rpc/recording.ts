import type {
  GetRecordingRequest,
  GetRecordingResponse,
  ListRecordingsRequest,
  ListRecordingsResponse,
  RecordFilter,
  StartRecordingRequest,
  StartRecordingResponse,
  StopRecordingRequest,
  StopRecordingResponse,
  WatchRecordingRequest,
  WatchRecordingResponse,
} from '@galileo/proto/recorder';
import { everything, kindName } from '@galileo/reconcile';
import {
  alreadyExists,
  failedPrecondition,
  formatPageToken,
  invalidArgument,
  notFound,
  parsePageToken,
  unavailable,
} from '@galileo/service';
import {
  AmbiguousRecordingError,
  BusUnavailableError,
  ExperimentExistsError,
  NoRecordingError,
  RecordingExistsError,
  StoppingError,
} from '../errors.ts';
import type { Lookup } from '../lookup.ts';
import type { Recordings } from '../recordings.ts';

export interface RecordingOptions {
  readonly recordings: Pick<Recordings, 'start' | 'stop'>;
  readonly lookup: Lookup;
  /** See `watchRecording`. */
  watch(id: string, interval: number, signal: AbortSignal): AsyncIterable<WatchRecordingResponse>;
}

/** Length of EXP_ID, NAME and CREATOR in Galileo's tables. */
const longest = 100;

const largestPage = 1000;

/** Allowed times between two messages about a recording, seconds. */
const shortestInterval = 0.1;
const longestInterval = 3600;

function checkId(experimentId: string): string {
  if (experimentId === '' || experimentId.length > longest) {
    throw invalidArgument(`experiment_id: found ${JSON.stringify(experimentId)}; allowed: 1 to ${longest} characters`);
  }
  return experimentId;
}

function checkLength(field: string, value: string): string {
  if (value.length > longest) {
    throw invalidArgument(`${field}: found ${value.length} characters; allowed: at most ${longest}`);
  }
  return value;
}

function checkMetadata(text: string): object | undefined {
  if (text === '') return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalidArgument(`metadata: found no JSON (${(error as Error).message}); allowed: a JSON object`);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  const found = value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`;
  throw invalidArgument(`metadata: found ${found}; allowed: a JSON object`);
}

function checkTimeout(timeout: number, fallback: number): number {
  if (!Number.isFinite(timeout) || timeout < 0) {
    throw invalidArgument(`timeout: found ${timeout}; allowed: seconds, 0 for ${fallback}`);
  }
  return timeout === 0 ? fallback : timeout;
}

function checkInterval(interval: number): number {
  if (interval === 0) return 1;
  if (interval >= shortestInterval && interval <= longestInterval) return interval;
  throw invalidArgument(`interval: found ${interval}; allowed: seconds from ${shortestInterval} to ${longestInterval}, 0 for 1`);
}

function checkFilter(filter: RecordFilter | undefined): RecordFilter {
  const unknown = filter?.kinds.find(kind => kindName(kind) === undefined);
  if (unknown !== undefined) {
    throw invalidArgument(`filter.kinds: found ${unknown}; allowed: RECORD_KIND_TRACE, RECORD_KIND_TELEMETRY, RECORD_KIND_EVENT`);
  }
  return filter ?? everything;
}

function translate(error: unknown): unknown {
  if (error instanceof RecordingExistsError || error instanceof ExperimentExistsError) return alreadyExists(error.message);
  if (error instanceof NoRecordingError) return notFound(error.message);
  if (error instanceof AmbiguousRecordingError) return failedPrecondition(error.message);
  if (error instanceof BusUnavailableError || error instanceof StoppingError) return unavailable(error.message);
  return error;
}

async function translated<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw translate(error);
  }
}

/** The calls about recordings. */
export function recordingCalls({ recordings, lookup, watch }: RecordingOptions) {
  return {
    startRecording(request: StartRecordingRequest): Promise<StartRecordingResponse> {
      const wanted = {
        id: request.experimentId === '' ? '' : checkId(request.experimentId),
        filter: checkFilter(request.filter),
        name: checkLength('name', request.name),
        creator: checkLength('creator', request.creator),
        metadata: checkMetadata(request.metadata),
      };
      return translated(recordings.start(wanted, checkTimeout(request.timeout, 5)));
    },
    async stopRecording(request: StopRecordingRequest): Promise<StopRecordingResponse> {
      const id = checkId(request.experimentId);
      return { ledger: await translated(recordings.stop(id, checkTimeout(request.timeout, 30))) };
    },
    async getRecording(request: GetRecordingRequest): Promise<GetRecordingResponse> {
      const text = checkId(request.experimentId);
      const { id, end, ...view } = await translated(lookup.find(text).then(lookup.view));
      return { ...view, experimentId: id, end: end ?? 0 };
    },
    async *watchRecording(request: WatchRecordingRequest, signal: AbortSignal): AsyncGenerator<WatchRecordingResponse> {
      const id = checkId(request.experimentId);
      const interval = checkInterval(request.interval);
      try {
        yield* watch(id, interval, signal);
      } catch (error) {
        throw translate(error);
      }
    },
    async listRecordings({ pageSize, pageToken }: ListRecordingsRequest): Promise<ListRecordingsResponse> {
      const limit = pageSize === 0 ? 100 : Math.min(pageSize, largestPage);
      const before = pageToken === '' ? undefined : parsePageToken(pageToken);
      if (pageToken !== '' && before === undefined) {
        throw invalidArgument(`page_token: found ${JSON.stringify(pageToken)}; allowed: next_page_token of the page before`);
      }
      const { recordings: page, next } = await lookup.list(limit, before);
      return { recordings: page, nextPageToken: next === undefined ? '' : formatPageToken(next) };
    },
  };
}
