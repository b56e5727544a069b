import { isAscii } from 'node:buffer';
import { PublishRequest, RecorderDefinition } from '@galileo/proto/recorder';
import { createInterner } from './redis/resp.ts';

/** A message of Recorder.Publish with its records as parallel arrays, in the order of publication. */
export interface LineBatch {
  /** The producer; needed in the first message of a stream. */
  readonly producerId: string;
  /** Number of the batch, counted from 1 by the producer. */
  readonly sequence: number;
  readonly channels: readonly string[];
  readonly lines: readonly string[];
}

/** Tags of the fields: PublishRequest.producer_id, .sequence and .records, Record.channel and .line. */
const tags = { producerId: 0x0a, sequence: 0x10, records: 0x1a, channel: 0x0a, line: 0x12 } as const;
const [recordsTag, channelTag, lineTag, producerTag, sequenceTag] = [
  tags.records,
  tags.channel,
  tags.line,
  tags.producerId,
  tags.sequence,
].map(tag => String.fromCharCode(tag)) as [string, string, string, string, string];

/** Begin of the channels of telemetry. */
const samples = 'telem/';

/** Most channels whose text is remembered. */
const rememberedChannels = 16_384;

/** A text whose characters are the bytes of another in UTF-8. */
const bytesOf = (text: string): string => (Buffer.byteLength(text) === text.length ? text : Buffer.from(text).toString('latin1'));

/** A varint in the same form. */
function varint(value: number): string {
  let text = '';
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) text += String.fromCharCode((rest % 128) | 0x80);
  return text + String.fromCharCode(rest);
}

const sized = (bytes: string) => varint(bytes.length) + bytes;

/**
 * Writes a message: as one text of bytes, which the engine copies at once, where the generated encoder makes a buffer per line.
 * That takes a third of its CPU.
 */
export function encodeLineBatch({ producerId, sequence, channels, lines }: LineBatch): Buffer {
  let text = producerId === '' ? '' : producerTag + sized(bytesOf(producerId));
  text += sequenceTag + varint(sequence);
  for (let i = 0; i < lines.length; i++) {
    const record = channelTag + sized(bytesOf(channels[i]!)) + lineTag + sized(bytesOf(lines[i]!));
    text += recordsTag + sized(record);
  }
  return Buffer.from(text, 'latin1');
}

function decodeGenerally(bytes: Uint8Array): LineBatch {
  const { producerId, sequence, records } = PublishRequest.decode(bytes);
  return {
    producerId,
    sequence,
    channels: records.map(({ channel }) => channel),
    lines: records.map(({ line }) => line.toString()),
  };
}

/** Gives the text of bytes, the same string for the same bytes where it remembers. */
export type Interner = (bytes: Buffer, begin: number, end: number) => string;

/**
 * Reads a message in the form in which `encodeLineBatch` writes it, and any other by the generated decoder. Lines of samples are
 * parts of one text, at half the CPU of a buffer per line: nobody keeps them, which would keep the whole batch. Other lines, of
 * which tokens and names are kept, are texts of their own.
 * @throws Error if the bytes are no message
 */
export function decodeLineBatch(input: Uint8Array, channelOf: Interner): LineBatch {
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
  const all = isAscii(bytes) ? bytes.toString('latin1') : undefined;
  const channels: string[] = [];
  const lines: string[] = [];
  let at = 0;
  /** Beyond the end bytes are undefined and count as 0; every length is checked against the end of what holds it. */
  const number = () => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++]!;
      value += (byte & 0x7f) * factor;
      if (!(byte > 0x7f)) return value;
    }
  };

  let producerId = '';
  if (bytes[at] === tags.producerId) {
    at++;
    const end = number() + at;
    if (end > bytes.length) return decodeGenerally(bytes);
    producerId = bytes.toString('utf8', at, end);
    at = end;
  }
  if (bytes[at++] !== tags.sequence) return decodeGenerally(bytes);
  const sequence = number();
  while (at < bytes.length) {
    if (bytes[at++] !== tags.records) return decodeGenerally(bytes);
    const end = number() + at;
    if (bytes[at++] !== tags.channel) return decodeGenerally(bytes);
    const channelEnd = number() + at;
    const channelBegin = at;
    at = channelEnd;
    if (bytes[at++] !== tags.line) return decodeGenerally(bytes);
    const lineEnd = number() + at;
    if (lineEnd !== end || end > bytes.length) return decodeGenerally(bytes);
    const channel = channelOf(bytes, channelBegin, channelEnd);
    channels.push(channel);
    lines.push(all !== undefined && channel.startsWith(samples) ? all.slice(at, end) : bytes.toString('utf8', at, end));
    at = end;
  }
  if (!Number.isSafeInteger(sequence) || at !== bytes.length) return decodeGenerally(bytes);
  return { producerId, sequence, channels, lines };
}

/** The gRPC service Recorder, whose batches of lines are read and written by hand. */
export function lineRecorderDefinition() {
  const channelOf = createInterner(rememberedChannels);
  return {
    ...RecorderDefinition,
    methods: {
      ...RecorderDefinition.methods,
      publish: {
        ...RecorderDefinition.methods.publish,
        requestType: {
          encode: (batch: LineBatch) => ({ finish: () => encodeLineBatch(batch) }),
          decode: (bytes: Uint8Array) => decodeLineBatch(bytes, channelOf),
        },
      },
    },
  } as const;
}
