import { errorKind } from '../http/error-kind.ts';

/** A failure whose kind is known where it happens. */
export class KnownError extends Error {
  readonly kind: string;

  constructor(kind: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'KnownError';
    this.kind = kind;
  }
}

/** Kinds by the codes of undici and of Node's HTTP/2. */
const kinds: Readonly<Record<string, string>> = {
  UND_ERR_SOCKET: 'closed',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'closed',
  UND_ERR_HEADERS_OVERFLOW: 'protocol',
  // HTTP/2: the stream or the whole connection was ended.
  UND_ERR_INFO: 'reset',
  ERR_HTTP2_STREAM_ERROR: 'reset',
};

/** Of the operating system, or of a server that went away, and not of TLS. */
const system = /^E(?!RR_|PROTO$)/;

/** What failed while a connection was made: what TLS has against it is of the kind `tls`. */
export function connectFailure(error: Error, secure: boolean): Error {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (!secure || error instanceof KnownError || system.test(code) || code in kinds) return error;
  return new KnownError('tls', error.message, { cause: error });
}

/** What a failure is called in a trace: as for our own connections, and `tls`, `proxy`, `redirects`. */
export function failureKind(error: Error): string {
  if (error instanceof KnownError) return error.kind;
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (/^ERR_(?:SSL|TLS)_/.test(code)) return 'tls';
  if (error.name === 'HTTPParserError' || (code.startsWith('ERR_HTTP2_') && !(code in kinds))) return 'protocol';
  return kinds[code] ?? errorKind(error);
}
