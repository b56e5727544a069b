import type { HttpErrorCode, Kind } from '../src/index.ts';
import type { NodeTold } from './node-oracle.ts';
import type { Told } from './tell.ts';

/** An input, and what was made of it. */
interface Found {
  readonly text: string;
  readonly kind: Kind;
  readonly answers: 'HEAD' | 'CONNECT' | 'other';
  readonly ours: Told;
  readonly nodes: NodeTold;
}

/** Has a response no body whatever its fields say (RFC 9112, section 6.3)? */
const isBodyless = ({ kind, answers, ours }: Found) =>
  kind === 'response' &&
  (answers === 'HEAD' || ours.messages.some(({ start, framing }) => framing === 'tunnel' || /^.{9}(?:1|204|304)/.test(start)));

/** Where we accept what node refuses, or tell it in another way, and why. */
export const differences: readonly { readonly name: string; readonly applies: (found: Found) => boolean }[] = [
  // RFC 9110, section 9.1: the set of methods is open; node knows its list, and PRI as the begin of HTTP/2.
  {
    name: 'any method',
    applies: ({ ours, nodes, kind }) =>
      kind === 'request' &&
      (nodes.fault === 'HPE_INVALID_METHOD' ||
        (/^HPE_INVALID_(?:VERSION|EOF_STATE)$/.test(nodes.fault ?? '') &&
          ours.messages.some(({ start }) => start.startsWith('PRI ')))),
  },
  // RFC 9112, section 3.2: which form a target must have depends on the method and on who reads it.
  { name: 'any target', applies: ({ nodes, kind }) => kind === 'request' && nodes.fault === 'HPE_INVALID_URL' },
  // RFC 9110, section 8.6: several equal lengths may be refused or taken as one.
  {
    name: 'equal lengths',
    applies: ({ nodes, ours }) =>
      nodes.fault === 'HPE_UNEXPECTED_CONTENT_LENGTH' &&
      ours.messages.some(({ fields }) => fields.filter(field => /^content-length:/i.test(field)).length > 1),
  },
  // RFC 9110, section 6.5.1: framing fields mean nothing in trailers, which are told apart from the head; node refuses them.
  {
    name: 'framing fields in trailers',
    applies: ({ ours, nodes }) =>
      nodes.fault !== undefined &&
      ours.messages.some(({ trailers }) => trailers.some(field => /^(?:content-length|transfer-encoding):/i.test(field))),
  },
  // RFC 9112, section 6.3: framing fields mean nothing where there is never a body; node wants them right, or reads a body.
  { name: 'no body whatever the fields say', applies: isBodyless },
];

/** Where we refuse what node accepts. */
export const strictness: readonly { readonly code: HttpErrorCode; readonly applies?: (found: Found) => boolean }[] = [
  // RFC 9112, section 7.1.1: extensions are ignored, or refused where there are too many: to us, one.
  { code: 'chunk-extension' },
  // RFC 9112, section 3.2: one Host, and a right one; node wants that there is one.
  { code: 'host' },
  // RFC 9112, section 6.1: codings other than chunked alone, and any in HTTP/1.0.
  { code: 'transfer-encoding' },
  { code: 'transfer-coding' },
  // RFC 9112, section 2.3: node reads HTTP/0.9 and HTTP/2.0 as if they were HTTP/1, and a missing version as 0.9.
  { code: 'version', applies: ({ text }) => /HTTP\/(?:0\.9|2\.0)/.test(text) },
  { code: 'request-line', applies: ({ nodes }) => nodes.messages.some(({ start }) => start.endsWith('HTTP/0.9')) },
  // RFC 9112, section 2.2: an empty line before a request is CR LF; node passes any CR and LF.
  { code: 'request-line', applies: ({ text }) => /(?:^|\n|[^\n]{3})\n+(?:[A-Z]|\r|$)/.test(text) },
  { code: 'line-end', applies: ({ text, kind }) => kind === 'request' && /(?:^|[^\n]|\n)\r(?!\n)/.test(text) },
  {
    code: 'truncated',
    applies: ({ text, kind, ours }) => kind === 'request' && text.endsWith('\r') && ours.messages.every(({ end }) => end >= 0),
  },
  // RFC 9112, section 2.2: nor is there one before a response.
  { code: 'status-line', applies: ({ text, kind }) => kind === 'response' && /^[\r\n]/.test(text) },
  { code: 'line-end', applies: ({ text, kind }) => kind === 'response' && /^\r/.test(text) },
  // RFC 9112, section 7.1: large sizes are to be feared; ours have at most 16 digits.
  { code: 'chunk-size', applies: ({ text }) => /\r\n0[\da-f]{16,}\r\n/i.test(text) },
  // RFC 9110, section 15: a status has three digits, the first of which is not 0.
  { code: 'status-line', applies: ({ text }) => /HTTP\/\d\.\d 0\d\d/.test(text) },
  // RFC 9112, section 4: a reason holds no control characters.
  {
    code: 'line-end',
    applies: ({ text, kind }) => kind === 'response' && /HTTP\/\d\.\d \d{3} [^\r\n]*[^\t\r\n -~\x80-\xff]/.test(text),
  },
];
