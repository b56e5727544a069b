import { type Framing, type Head, HttpError, isPersistent, type Kind, type Limits, Parser } from '../src/index.ts';

/** What was told of one message. */
export interface ToldMessage {
  /** Method, target and version, or version, status and reason. */
  start: string;
  /** `name: value`, as they were written. */
  fields: string[];
  framing: Framing;
  length: number;
  /** Is the connection good for another one? */
  persistent: boolean;
  /** All pieces in one, latin1. */
  body: string;
  trailers: string[];
  /** Where in the input the message ends; -1 if that was not told. */
  end: number;
}

/** What a parser made of some bytes and the end of the connection behind them. */
export interface Told {
  messages: ToldMessage[];
  /** Code of the error that it ended with. */
  fault: string | undefined;
  /** What it left unread as another protocol's, latin1. */
  tunnel: string | undefined;
}

export interface TellOptions {
  /** Where the input is cut into pieces, ascending. */
  readonly cuts?: readonly number[];
  /** The methods that the responses answer; the last one goes on for ever. */
  readonly answers?: readonly Parser['answers'][];
  readonly limits?: Limits;
}

/** What stands around each piece in its buffer: what would change the meaning if it was read. */
const around = Buffer.from('\r\n\r\n0', 'latin1');

const fieldsOf = (head: Head) => Array.from({ length: head.count }, (_, i) => `${head.name(i)}: ${head.value(i)}`);

const startOf = (head: Head, kind: Kind) =>
  kind === 'request'
    ? `${head.method()} ${head.target()} HTTP/1.${head.minor}`
    : `HTTP/1.${head.minor} ${head.status} ${head.reason()}`;

/**
 * Gives a parser some bytes in pieces, each in a buffer of its own that is overwritten afterwards, ends the connection, and
 * notes what it told.
 * @throws whatever it throws that is no HttpError, and if it doesn't get on or passes the end
 */
export function tell(kind: Kind, input: Buffer, { cuts = [], answers = ['other'], limits }: TellOptions = {}): Told {
  const told: Told = { messages: [], fault: undefined, tunnel: undefined };
  let finals = 0;
  let ended = false;
  const parser = new Parser(
    kind,
    {
      onHead(head, framing, length) {
        const [start, fields, persistent] = [startOf(head, kind), fieldsOf(head), isPersistent(head)];
        told.messages.push({ ...{ start, fields, framing, length, persistent }, body: '', trailers: [], end: -1 });
      },
      onData(bytes, start, end) {
        if (end <= start) throw new RangeError('an empty piece of a body');
        told.messages.at(-1)!.body += bytes.toString('latin1', start, end);
      },
      onTrailers(trailers) {
        told.messages.at(-1)!.trailers = fieldsOf(trailers);
      },
      onEnd() {
        ended = true;
        finals++;
      },
    },
    limits && { limits },
  );
  const bounds = [...cuts, input.length];
  let from = 0;
  try {
    for (const to of bounds) {
      const buffer = Buffer.concat([around, input.subarray(from, to), around]);
      const end = buffer.length - around.length;
      let at = around.length;
      while (at < end && !parser.isTunnel) {
        parser.answers = answers[Math.min(finals, answers.length - 1)]!;
        ended = false;
        const next = parser.read(buffer, at, end);
        if (next > end || (next === at && !parser.isTunnel)) throw new RangeError(`read from ${at} to ${next} of ${end}`);
        at = next;
        if (ended) told.messages.at(-1)!.end = from + at - around.length;
        else if (at < end && !parser.isTunnel) throw new RangeError('it stopped within a message');
      }
      if (parser.isTunnel) told.tunnel = (told.tunnel ?? '') + buffer.toString('latin1', at, end);
      buffer.fill(0);
      from = to;
    }
    ended = false;
    parser.end();
    if (ended) told.messages.at(-1)!.end = input.length;
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    told.fault = error.code;
  }
  return told;
}

/** All ways to cut some bytes that are tried: whole, at each place, byte by byte. */
export function allCuts(length: number): number[][] {
  const places = Array.from({ length: Math.max(0, length - 1) }, (_, i) => i + 1);
  return [[], ...places.map(place => [place]), places];
}
