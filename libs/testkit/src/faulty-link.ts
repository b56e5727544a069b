import type { Socket } from 'node:net';

/** What a link does with what passes it. Read anew for every piece, so a change holds at once. */
export interface LinkState {
  /** Milliseconds that every byte is on its way. */
  delay: number;
  /** Bytes per second that all connections together may pass in one direction. */
  rate: number;
  /** Nothing passes. */
  blocked: boolean;
}

/** Shares a rate among connections: each piece waits for those that were before it. */
export interface Pacer {
  /** @returns milliseconds until a piece of that size may pass. */
  reserve(bytes: number): number;
}

/** One direction of one connection. */
export interface Direction {
  /** To be called after the state has changed. */
  changed(): void;
}

/** Bytes that are on their way in one direction before the sender is made to wait. */
const window = 1024 * 1024;
/** Seconds of the rate that pass in one piece, so that a slow link trickles. */
const pieceTime = 0.02;

export function createPacer(state: LinkState): Pacer {
  let freeAt = 0;
  return {
    reserve(bytes) {
      const now = performance.now();
      if (state.rate === Number.POSITIVE_INFINITY) {
        freeAt = now;
        return 0;
      }
      freeAt = Math.max(freeAt, now) + (bytes / state.rate) * 1000;
      return freeAt - now;
    },
  };
}

interface Piece {
  /** In milliseconds of `performance.now()`. */
  readonly arrived: number;
  /** undefined: the end of the stream. */
  readonly data: Buffer | undefined;
}

/** Carries what comes from one socket to the other, in order, as the state says. */
export function carry(from: Socket, to: Socket, state: LinkState, pacer: Pacer): Direction {
  const queue: Piece[] = [];
  let queued = 0;
  let timer: NodeJS.Timeout | undefined;
  /** The first piece has waited for the pacer already. */
  let paced = false;
  let draining = false;

  function regulate(): void {
    if (state.blocked || queued >= window) from.pause();
    else from.resume();
  }

  function next(): void {
    clearTimeout(timer);
    timer = undefined;
    while (queue.length > 0 && !state.blocked && !draining && !to.destroyed) {
      const wait = untilDue(queue[0]!);
      if (wait > 0) {
        timer = setTimeout(next, wait);
        break;
      }
      paced = false;
      pass(queue[0]!);
    }
    regulate();
  }

  /** @returns milliseconds, 0 if the piece may pass now. */
  function untilDue(piece: Piece): number {
    if (paced) return 0;
    const wait = piece.arrived + state.delay - performance.now();
    if (wait > 0 || piece.data === undefined) return wait;
    paced = true;
    return pacer.reserve(passable(piece.data));
  }

  function pass(piece: Piece): void {
    const { data } = piece;
    queue.shift();
    if (data === undefined) {
      to.end();
      return;
    }
    const size = passable(data);
    if (size < data.length) queue.unshift({ arrived: piece.arrived, data: data.subarray(size) });
    queued -= size;
    draining = !to.write(data.subarray(0, size));
  }

  const passable = (data: Buffer) => Math.min(data.length, Math.max(1, Math.floor(state.rate * pieceTime)));

  function push(data: Buffer | undefined): void {
    queue.push({ arrived: performance.now(), data });
    queued += data?.length ?? 0;
    if (timer === undefined) next();
    else regulate();
  }

  from.on('data', push);
  from.on('end', () => push(undefined));
  to.on('drain', () => {
    draining = false;
    if (timer === undefined) next();
  });
  to.on('close', () => clearTimeout(timer));
  regulate();

  return {
    changed() {
      // A piece that waits for its turn gets a new one, by the rate that holds now.
      paced = false;
      next();
    },
  };
}
