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
/** Begin of the channels of telemetry. */
const samples = 'telem/';

/** Most channels whose text is remembered. */
const rememberedChannels = 16_384;

/** Bytes of a varint. */
function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 128)) bytes++;
  return bytes;
}

/** Bytes of a field of so many bytes of content. */
const fieldBytes = (content: number) => 1 + varintBytes(content) + content;

/** Writes the begin of a field. @returns where it ends */
function writeTag(target: Buffer, at: number, tag: number, value: number): number {
  target[at] = tag;
  let end = at + 1;
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) target[end++] = (rest % 128) | 0x80;
  target[end++] = rest;
  return end;
}

/**
 * Writes a message: every text at once to where it belongs, where the generated encoder makes a buffer per line. That takes a
 * sixth of its CPU.
 */
export function encodeLineBatch({ producerId, sequence, channels, lines }: LineBatch): Buffer {
  const lengths = lines.map(line => Buffer.byteLength(line));
  let channel: string | undefined;
  let channelLength = 0;
  const lengthOf = (name: string) => {
    if (name !== channel) channelLength = Buffer.byteLength(name);
    channel = name;
    return channelLength;
  };
  const idLength = Buffer.byteLength(producerId);
  let size = (idLength === 0 ? 0 : fieldBytes(idLength)) + 1 + varintBytes(sequence);
  for (let i = 0; i < lines.length; i++) size += fieldBytes(fieldBytes(lengthOf(channels[i]!)) + fieldBytes(lengths[i]!));

  const target = Buffer.allocUnsafe(size);
  let at = 0;
  const writeText = (tag: number, text: string, length: number) => {
    at = writeTag(target, at, tag, length);
    at += target.write(text, at);
  };
  if (idLength > 0) writeText(tags.producerId, producerId, idLength);
  at = writeTag(target, at, tags.sequence, sequence);
  for (let i = 0; i < lines.length; i++) {
    const ofChannel = lengthOf(channels[i]!);
    at = writeTag(target, at, tags.records, fieldBytes(ofChannel) + fieldBytes(lengths[i]!));
    writeText(tags.channel, channels[i]!, ofChannel);
    writeText(tags.line, lines[i]!, lengths[i]!);
  }
  return target;
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
