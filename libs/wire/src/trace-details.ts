import { parsePythonFloat, sevenDecimals } from './python-float.ts';
import { asciiJson } from './python-json.ts';

/**
 * What Galileo's trace line has no field for. It travels as `Galileo-*` keys in the line's headers JSON, so that original
 * recorders store it among the response headers.
 */
export interface TraceDetails {
  /** When the pacer handed the request over, UNIX seconds. */
  readonly released: number | null;
  /** When the connection that carried it was established, UNIX seconds. */
  readonly connected: number | null;
  /** When the first byte of the answer came, UNIX seconds. */
  readonly firstByte: number | null;
  /** Kind of failure: refused, reset, timeout, … */
  readonly error: string | null;
  /** Size of the answer's body, bytes. */
  readonly bytes: number | null;
  /** HOST:PORT of the replica that answered; never written, it is the load balancer's response header X-Final-Host. */
  readonly replica: string | null;
}

const keys = {
  released: 'Galileo-Released',
  connected: 'Galileo-Connected',
  firstByte: 'Galileo-First-Byte',
  error: 'Galileo-Error',
  bytes: 'Galileo-Bytes',
} as const;
const ours: ReadonlySet<string> = new Set(Object.values(keys));
const reserved: ReadonlySet<string> = new Set(Object.values(keys).map(key => key.toLowerCase()));

const member = (name: string, value: unknown) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`;

/**
 * Response headers as the members of a JSON object, without its braces and in ASCII. Those with the names of details are left
 * out, lest a target tell our times.
 */
export function encodeHeaderMembers(headers: Readonly<Record<string, string>>): string {
  const names = Object.keys(headers).filter(name => !reserved.has(name.toLowerCase()));
  return asciiJson(names.map(name => member(name, headers[name])).join(', '));
}

/**
 * The headers field of a trace line: a JSON object of the details and of the response headers as they came, whose members are
 * given as `encodeHeaderMembers` makes them. No key stands for null, NaN or an infinity.
 */
export function encodeHeaders(members: string | null, details: TraceDetails): string {
  return joinHeaders(members, details, ', ');
}

const timeMember = (key: string, time: number | null, separator: string) =>
  time !== null && Number.isFinite(time) ? `"${key}": "${sevenDecimals(time)}"${separator}` : '';

/** The same with another separator of members, and with its first character in place of commas within the error. */
export function joinHeaders(
  members: string | null,
  { released, connected, firstByte, error, bytes }: TraceDetails,
  separator: string,
): string {
  let text = `{${timeMember(keys.released, released, separator)}${timeMember(keys.connected, connected, separator)}`;
  text += timeMember(keys.firstByte, firstByte, separator);
  if (error !== null) {
    const told = asciiJson(member(keys.error, error)).replaceAll('|', '\\u007c');
    text += `${told.replaceAll(',', separator[0]!)}${separator}`;
  }
  if (bytes !== null && Number.isFinite(bytes)) text += `"${keys.bytes}": "${bytes}"${separator}`;
  if (members !== null && members !== '') return `${text}${members}}`;
  return text.length === 1 ? '{}' : `${text.slice(0, -separator.length)}}`;
}

const none: TraceDetails = { released: null, connected: null, firstByte: null, error: null, bytes: null, replica: null };

function finite(value: unknown): number | null {
  const number = typeof value === 'string' ? parsePythonFloat(value) : undefined;
  return number !== undefined && Number.isFinite(number) ? number : null;
}

/** The replica that answered: of several joined values the first, which is the one nearest to the client. */
function replicaOf(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  const end = value.indexOf(',');
  return (end === -1 ? value : value.slice(0, end)).trim() || null;
}

/**
 * Takes the details out of a trace's headers. `headers` is what is left as JSON text, null if that is nothing; a text
 * that is not a JSON object is left as it is. A detail that can't be read is null.
 */
export function splitHeaders(headersJson: string | null): { headers: string | null; details: TraceDetails } {
  if (headersJson === null) return { headers: null, details: none };
  let object: unknown;
  try {
    object = JSON.parse(headersJson);
  } catch {
    return { headers: headersJson, details: none };
  }
  if (typeof object !== 'object' || object === null || Array.isArray(object)) return { headers: headersJson, details: none };
  const all = object as Record<string, unknown>;
  const names = Object.keys(all);
  const final = names.find(name => name.length === 12 && name.toLowerCase() === 'x-final-host');
  const bytes = finite(all[keys.bytes]);
  const error = all[keys.error];
  const details: TraceDetails = {
    released: finite(all[keys.released]),
    connected: finite(all[keys.connected]),
    firstByte: finite(all[keys.firstByte]),
    error: typeof error === 'string' ? error : null,
    bytes: Number.isSafeInteger(bytes) ? bytes : null,
    replica: final === undefined ? null : replicaOf(all[final]),
  };
  return { headers: withoutDetails(headersJson, all, names), details };
}

/** Keeps the text as it came where there is nothing to take out. */
function withoutDetails(text: string, all: Readonly<Record<string, unknown>>, names: readonly string[]): string | null {
  const kept = names.filter(name => !ours.has(name));
  if (kept.length === 0) return null;
  if (kept.length === names.length) return text;
  return asciiJson(`{${kept.map(name => member(name, all[name])).join(', ')}}`);
}
