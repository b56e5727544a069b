import { type RecorderClient, RecorderDefinition, type RecordingSummary, RecordKind } from '@galileo/proto/recorder';
import { type Connection, type Credentials, connect } from '@galileo/service';

/** A typed client of a recorder; disposing it closes the connection. */
export type RecorderConnection = Connection<typeof RecorderDefinition>;

export interface RecorderOptions {
  /** HOST:PORT of its gRPC server. */
  readonly address: string;
  /** What the calls identify themselves with. */
  readonly credentials?: Credentials;
  /** Time-out of calls that are not streams, seconds; 60 unless told, for the rows of a long recording take their time to be counted. */
  readonly timeout?: number;
}

/** Connects to a recorder. Nothing is sent before the first call, so that nothing fails before it either. */
export function connectRecorder(options: RecorderOptions): RecorderConnection {
  const { credentials = {}, timeout = 60 } = options;
  return connect(RecorderDefinition, options.address, { credentials, timeout });
}

/** The kinds of records with the names that people give and read, in the order in which they are shown. */
export const recordKinds: readonly { readonly kind: RecordKind; readonly name: 'traces' | 'telemetry' | 'events' }[] = [
  { kind: RecordKind.TRACE, name: 'traces' },
  { kind: RecordKind.TELEMETRY, name: 'telemetry' },
  { kind: RecordKind.EVENT, name: 'events' },
];

/** All recordings of a recorder, that of the newest experiment first, page by page. @throws ClientError as the call does. */
export async function* listRecordings(
  client: Pick<RecorderClient, 'listRecordings'>,
  options: { pageSize?: number; signal?: AbortSignal | undefined } = {},
): AsyncIterable<RecordingSummary> {
  let pageToken = '';
  do {
    const call = options.signal === undefined ? {} : { signal: options.signal };
    const page = await client.listRecordings({ pageSize: options.pageSize ?? 100, pageToken }, call);
    yield* page.recordings;
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
}
