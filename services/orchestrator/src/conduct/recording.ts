import { type Ledger, RecorderDefinition, RecordKind } from '@galileo/proto/recorder';
import { type Credentials, connect } from '@galileo/service';
import { ClientError, Status } from 'nice-grpc';

interface RecorderAddress {
  /** HOST:PORT. */
  readonly recorder: string;
  readonly credentials: Credentials;
}

interface RecordingOptions extends RecorderAddress {
  readonly experimentId: string;
  readonly services: readonly string[];
  readonly clients: readonly string[];
  readonly nodes: readonly string[];
}

/** A recording that is open. */
export interface Recording {
  /** Ids of the producers that have opened their interval. */
  readonly producers: readonly string[];
  /** Closes it and waits, at most `timeout` seconds, for the settled ledger; the answer may take `allowance` seconds more. */
  settle(timeout: number, allowance?: number): Promise<Ledger>;
}

/** Seconds that producers get to open their interval, and what a call may take beyond the time it was told. */
const openTimeout = 5;
const allowance = 10;
/** Seconds for the final figures of producers that most probably don't run any more. */
const abandonedTimeout = 1;

/** Opens the recording of an experiment. */
export async function openRecording(options: RecordingOptions): Promise<Recording> {
  const { recorder, credentials, experimentId } = options;
  using connection = connect(RecorderDefinition, recorder, { credentials, timeout: openTimeout + allowance });
  const { producers } = await connection.client.startRecording({
    experimentId,
    filter: {
      kinds: [RecordKind.TRACE, RecordKind.TELEMETRY, RecordKind.EVENT],
      services: [...options.services],
      clients: [...options.clients],
      nodes: [...options.nodes],
    },
    timeout: openTimeout,
  });
  return { producers, settle: (timeout, extra = allowance) => settleRecording({ ...options, timeout, allowance: extra }) };
}

/** Closes a recording and waits, at most `timeout` seconds, for the settled ledger. */
async function settleRecording(
  options: RecorderAddress & { experimentId: string; timeout: number; allowance: number },
): Promise<Ledger> {
  const { recorder, credentials, experimentId, timeout } = options;
  using connection = connect(RecorderDefinition, recorder, { credentials, timeout: timeout + options.allowance });
  const { ledger } = await connection.client.stopRecording({ experimentId, timeout });
  if (ledger === undefined) throw new Error(`the recorder at ${recorder} settled ${experimentId} without a ledger`);
  return ledger;
}

/** Closes a recording whose producers have gone with their orchestrator. @returns undefined if there is none, or it is closed. */
export async function closeAbandoned(options: RecorderAddress & { experimentId: string }): Promise<Ledger | undefined> {
  try {
    return await settleRecording({ ...options, timeout: abandonedTimeout, allowance });
  } catch (error) {
    const none = error instanceof ClientError && (error.code === Status.NOT_FOUND || error.code === Status.FAILED_PRECONDITION);
    if (none) return undefined;
    throw error;
  }
}
