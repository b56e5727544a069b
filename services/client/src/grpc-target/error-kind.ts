import { errorKind } from '../http/error-kind.ts';

/** Kinds by the codes of Node's HTTP/2. */
const kinds: Readonly<Record<string, string>> = {
  ERR_HTTP2_STREAM_ERROR: 'reset',
  ERR_HTTP2_SESSION_ERROR: 'closed',
  ERR_HTTP2_GOAWAY_SESSION: 'closed',
  ERR_HTTP2_INVALID_SESSION: 'closed',
  ERR_SOCKET_CLOSED: 'closed',
  ERR_HTTP2_ERROR: 'protocol',
};

/** What a failure of a call is called in a trace: the same names as for HTTP/1.1. */
export function callErrorKind(error: Error): string {
  const { code, cause } = error as NodeJS.ErrnoException;
  // A stream ended with its connection: why the connection ended is what counts.
  if (code === 'ERR_HTTP2_STREAM_CANCEL') return cause instanceof Error ? callErrorKind(cause) : 'closed';
  return kinds[code ?? ''] ?? errorKind(error);
}
