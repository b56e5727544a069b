/** Writes PUBLISH commands into chunks of memory that are used again and again. */
export interface PublishEncoder {
  /** Bytes that the command takes; `size` are the bytes of the line in UTF-8. */
  length(channel: string, size: number): number;
  /** Writes the command at `at`, which must have `length` bytes of room; returns the position after it. */
  write(target: Buffer, at: number, channel: string, line: string, size: number): number;
}

/** The names of channels that are remembered. */
const maxChannels = 4096;

function digits(size: number): number {
  let count = 1;
  for (let rest = size; rest >= 10; rest = Math.trunc(rest / 10)) count++;
  return count;
}

/** Makes an encoder. */
export function createPublishEncoder(): PublishEncoder {
  const heads = new Map<string, Buffer>();
  let lastChannel = '';
  let lastHead: Buffer = Buffer.alloc(0);
  const headOf = (channel: string) => {
    if (channel === lastChannel && lastHead.length > 0) return lastHead;
    let head = heads.get(channel);
    if (head === undefined) {
      if (heads.size >= maxChannels) heads.clear();
      head = Buffer.from(`*3\r\n$7\r\nPUBLISH\r\n$${Buffer.byteLength(channel)}\r\n${channel}\r\n$`);
      heads.set(channel, head);
    }
    lastChannel = channel;
    lastHead = head;
    return head;
  };
  return {
    length: (channel, size) => headOf(channel).length + digits(size) + size + 4,
    write(target, start, channel, line, size) {
      const head = headOf(channel);
      target.set(head, start);
      const count = digits(size);
      let at = start + head.length + count;
      for (let rest = size, i = at - 1; i >= at - count; i--, rest = Math.trunc(rest / 10)) target[i] = 48 + (rest % 10);
      target[at++] = 13;
      target[at++] = 10;
      // As many bytes as characters: all are ASCII, and copying them is enough.
      target.write(line, at, size === line.length ? 'latin1' : 'utf8');
      at += size;
      target[at++] = 13;
      target[at++] = 10;
      return at;
    },
  };
}
