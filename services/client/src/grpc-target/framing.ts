// A message of gRPC on an HTTP/2 stream: a byte that tells whether it is compressed, four of its length, and then itself
// (PROTOCOL-HTTP2.md of the gRPC project, "Length-Prefixed-Message").

const prefix = 5;

/** A message as it goes onto the stream. */
export function framed(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafeSlow(prefix + message.length);
  frame.writeUInt8(0, 0);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, prefix);
  return frame;
}

/** The answer of a unary call, piece by piece. */
export class ReceivedMessage {
  readonly #keep: number;
  readonly #pieces: Buffer[] = [];
  #head: Buffer | undefined;
  #total = 0;

  /** @param keep most bytes of a message that are kept; of a longer one none are. */
  constructor(keep: number) {
    this.#keep = keep;
  }

  take(piece: Buffer): void {
    if (this.#total < prefix) this.#head = this.#head === undefined ? piece : Buffer.concat([this.#head, piece]);
    this.#total += piece.length;
    if (this.bytes <= this.#keep) this.#pieces.push(piece);
    else this.#pieces.length = 0;
  }

  /** Bytes that came of it. */
  get bytes(): number {
    return Math.max(0, this.#total - prefix);
  }

  /** Did exactly one message come, whole and not compressed? */
  get isWhole(): boolean {
    const head = this.#head;
    return this.#total >= prefix && head![0] === 0 && this.#total - prefix === head!.readUInt32BE(1);
  }

  /** The message; null if it was longer than what is kept. */
  content(): Buffer | null {
    return this.bytes > this.#keep ? null : Buffer.concat(this.#pieces).subarray(prefix);
  }
}
