import type { ReplicaLimits } from './replica.ts';

/** How a failure of a replica is told to the client: status and one line without its end. */
export interface Failure {
  readonly status: 502 | 504;
  readonly text: string;
}

/** Did a connection end without a word, as one does that the other side had closed while it was unused? */
export const connectionLost = (error: Error) => ['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'].includes(codeOf(error));

const codeOf = (error: Error) => String((error as NodeJS.ErrnoException).code ?? '');

/** Puts an error of undici or of the socket into words. */
export function describeFailure(error: Error, address: string, limits: ReplicaLimits): Failure {
  const failure = (text: string, status: 502 | 504 = 502) => ({ status, text: `replica ${address}: ${text}` });
  switch (codeOf(error)) {
    case 'ECONNREFUSED':
      return failure('connection refused');
    case 'ECONNRESET':
    case 'EPIPE':
      return failure('connection reset');
    case 'UND_ERR_SOCKET':
      return failure('connection closed without an answer');
    case 'UND_ERR_CONNECT_TIMEOUT':
      return failure(`no connection within ${limits.connectTimeout} s (galileo_lb_connect_timeout)`, 504);
    case 'UND_ERR_HEADERS_TIMEOUT':
      return failure(`no answer within ${limits.responseTimeout} s (galileo_lb_response_timeout)`, 504);
    case 'UND_ERR_HEADERS_OVERFLOW':
      return failure(`head of the answer is larger than ${limits.maxHeaderBytes} bytes (galileo_lb_max_header_bytes)`);
    default:
      return failure(`no proper answer: ${error.message.replace(/\s+/g, ' ')}`);
  }
}
