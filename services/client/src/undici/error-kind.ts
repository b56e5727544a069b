/** Kinds by the error codes of Node and undici. */
const kinds: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  ETIMEDOUT: 'timeout',
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  // This machine has no port, file or buffer left: the generator is at fault, not the target.
  EADDRNOTAVAIL: 'local',
  EMFILE: 'local',
  ENFILE: 'local',
  ENOBUFS: 'local',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'protocol',
  UND_ERR_HEADERS_OVERFLOW: 'protocol',
  UND_ERR_INVALID_ARG: 'protocol',
  UND_ERR_NOT_SUPPORTED: 'protocol',
};

/** What a failure is called in a trace: refused, reset, closed, timeout, dns, protocol, … */
export function errorKind(error: Error): string {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  // undici says `bad response` or `bad upgrade` of an answer that nobody asked for, and `other side closed` of an end.
  if (code === 'UND_ERR_SOCKET') return error.message.startsWith('bad ') ? 'protocol' : 'closed';
  if (error.name === 'HTTPParserError') return 'protocol';
  return kinds[code] ?? (code === '' ? 'other' : code.toLowerCase());
}
