/**
 * Records as the bytes that they are in a message of Recorder.Publish. What waits for its acknowledgement is kept so, and not
 * as strings: these would live through several collections of garbage, each of which copies what lives.
 */

/** Tags of the fields: PublishRequest.producer_id, .sequence and .records, Record.channel and .line. */
export const tags = { producerId: 0x0a, sequence: 0x10, records: 0x1a, channel: 0x0a, line: 0x12 } as const;

/** Bytes of a varint. */
function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 128)) bytes++;
  return bytes;
}

/** Bytes of a field of so many bytes of content. */
const fieldBytes = (content: number) => 1 + varintBytes(content) + content;

/** Writes a tag and a varint. @returns where they end */
function writeTag(target: Buffer, at: number, tag: number, value: number): number {
  target[at] = tag;
  let end = at + 1;
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) target[end++] = (rest % 128) | 0x80;
  target[end++] = rest;
  return end;
}

/** Reads a varint. @returns the value and where it ends */
function readVarint(bytes: Buffer, at: number): [value: number, end: number] {
  let value = 0;
  let end = at;
  for (let factor = 1; ; factor *= 128) {
    const byte = bytes[end++]!;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return [value, end];
  }
}

/** Bytes of the buffer at first: few, since while the recorder is away there is one of them for every 50 ms, however little is in it. */
const firstBytes = 1024;

/** Makes an empty buffer for the records of one message. */
export function createRecordBuffer() {
  let bytes = Buffer.allocUnsafeSlow(firstBytes);
  /** Before it is room for the begin of the message; made when the first record comes. */
  let begin = 0;
  let end = 0;
  let count = 0;
  /** The channel of the last record, and its length. */
  let channel: string | undefined;
  let channelLength = 0;

  function makeRoom(room: number): void {
    if (bytes.length - end >= room) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * bytes.length, end + room));
    bytes.copy(larger, 0, 0, end);
    bytes = larger;
  }

  return {
    /** Appends a record. @returns the bytes of its texts */
    append(name: string, line: string): number {
      if (name !== channel) channelLength = Buffer.byteLength(name);
      channel = name;
      const lineLength = Buffer.byteLength(line);
      const record = fieldBytes(channelLength) + fieldBytes(lineLength);
      makeRoom(fieldBytes(record));
      end = writeTag(bytes, end, tags.records, record);
      end = writeTag(bytes, end, tags.channel, channelLength);
      end += bytes.write(name, end);
      end = writeTag(bytes, end, tags.line, lineLength);
      end += bytes.write(line, end);
      count++;
      return channelLength + lineLength;
    },

    /** The whole message. It shares the buffer's memory: it holds until the next call of anything. */
    message(producerId: string, sequence: number): Buffer {
      const idLength = Buffer.byteLength(producerId);
      const head = (idLength === 0 ? 0 : fieldBytes(idLength)) + 1 + varintBytes(sequence);
      if (begin < head) {
        makeRoom(head - begin);
        bytes.copyWithin(head, begin, end);
        end += head - begin;
        begin = head;
      }
      let at = begin - head;
      if (idLength > 0) {
        at = writeTag(bytes, at, tags.producerId, idLength);
        at += bytes.write(producerId, at);
      }
      writeTag(bytes, at, tags.sequence, sequence);
      return bytes.subarray(begin - head, end);
    },

    /** Hands out each record. */
    forEach(take: (channel: string, line: string) => void): void {
      for (let at = begin; at < end; ) {
        [, at] = readVarint(bytes, at + 1);
        const [ofChannel, channelAt] = readVarint(bytes, at + 1);
        const [ofLine, lineAt] = readVarint(bytes, channelAt + ofChannel + 1);
        at = lineAt + ofLine;
        take(bytes.toString('utf8', channelAt, channelAt + ofChannel), bytes.toString('utf8', lineAt, at));
      }
    },

    /** Forgets all records, and keeps the memory. */
    clear(): void {
      begin = 0;
      end = 0;
      count = 0;
    },

    /** How many records there are. */
    get count() {
      return count;
    },
    /** Bytes of memory that it takes. */
    get capacity() {
      return bytes.length;
    },
  };
}

export type RecordBuffer = ReturnType<typeof createRecordBuffer>;
