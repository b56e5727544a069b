/** Where a command writes, and what can be shown there. */
export interface Terminal {
  /** Writes results. */
  out(text: string): void;
  /** Writes progress and errors. */
  err(text: string): void;
  /** May results be coloured? */
  readonly outColour: boolean;
  /** May progress and errors be coloured? */
  readonly errColour: boolean;
  /** Can a line of progress be drawn over? */
  readonly live: boolean;
  /** Columns of the results. */
  outWidth(): number;
  /** Columns of progress and errors. */
  errWidth(): number;
}

/** stdout or stderr of a process. */
interface Stream {
  write(text: string): unknown;
  on(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/** Without a terminal text is laid out for so many columns. */
const defaultWidth = 100;

/** A reader that has gone away (`| head`) is no error: what is written from then on is dropped. */
function writer(stream: Stream): (text: string) => void {
  let open = true;
  stream.on('error', error => {
    if (error.code !== 'EPIPE') throw error;
    open = false;
  });
  return text => {
    if (open) stream.write(text);
  };
}

/** The terminal of a process. */
export function createTerminal(out: Stream, err: Stream, env: Readonly<Record<string, string | undefined>>): Terminal {
  const dumb = env['TERM'] === 'dumb';
  const colour = !env['NO_COLOR'] && !dumb;
  return {
    out: writer(out),
    err: writer(err),
    outColour: colour && out.isTTY === true,
    errColour: colour && err.isTTY === true,
    live: err.isTTY === true && !dumb,
    outWidth: () => out.columns ?? defaultWidth,
    errWidth: () => err.columns ?? defaultWidth,
  };
}
