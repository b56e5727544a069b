import { isAscii } from 'node:buffer';
import { PublishRequest, RecorderDefinition } from '@galileo/proto/recorder';
import { createRecordBuffer, type RecordBuffer, tags } from './record-buffer.ts';
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

/** Begin of the channels of telemetry. */
const samples = 'telem/';

/** Most channels whose text is remembered. */
const rememberedChannels = 16_384;

/** Writes a message. */
export function encodeLineBatch({ producerId, sequence, channels, lines }: LineBatch): Buffer {
  const records = createRecordBuffer();
  for (let i = 0; i < lines.length; i++) records.append(channels[i]!, lines[i]!);
  return records.message(producerId, sequence);
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

/** A message as it is sent: its records are bytes already. */
export interface WrittenBatch {
  readonly producerId: string;
  readonly sequence: number;
  readonly records: RecordBuffer;
}

/** The gRPC service Recorder as recorders offer it: its batches of lines are read by hand. */
export function lineRecorderDefinition() {
  const channelOf = createInterner(rememberedChannels);
  return withPublish({
    encode: (batch: LineBatch) => ({ finish: () => encodeLineBatch(batch) }),
    decode: (bytes: Uint8Array) => decodeLineBatch(bytes, channelOf),
  });
}

/** The same as producers call it. */
export const lineProducerDefinition = withPublish({
  encode: ({ records, producerId, sequence }: WrittenBatch) => ({ finish: () => records.message(producerId, sequence) }),
  decode(): WrittenBatch {
    throw new Error('a producer is not sent batches');
  },
});

function withPublish<T>(requestType: T) {
  const { methods } = RecorderDefinition;
  return { ...RecorderDefinition, methods: { ...methods, publish: { ...methods.publish, requestType } } } as const;
}
