import { HttpError } from '@galileo/http1';
import { ClosedError, UnexpectedError } from './errors.ts';

/** Kinds by the error codes of the operating system. */
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
};

/** What a failure is called in a trace: refused, reset, closed, timeout, dns, protocol, … */
export function errorKind(error: Error): string {
  if (error instanceof ClosedError) return 'closed';
  if (error instanceof UnexpectedError) return 'protocol';
  if (error instanceof HttpError) return error.code === 'truncated' ? 'closed' : 'protocol';
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return kinds[code] ?? (code === '' ? 'other' : code.toLowerCase());
}
