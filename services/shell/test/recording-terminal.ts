import type { Terminal } from '../src/terminal.ts';

/** A terminal of 80 columns that keeps what is written. */
export interface RecordingTerminal extends Terminal {
  readonly stdout: string;
  readonly stderr: string;
}

/** `live` makes it one whose lines can be drawn over. */
export function createRecordingTerminal(live = false): RecordingTerminal {
  let stdout = '';
  let stderr = '';
  return {
    out: text => {
      stdout += text;
    },
    err: text => {
      stderr += text;
    },
    outColour: false,
    errColour: false,
    live,
    outWidth: () => 80,
    errWidth: () => 80,
    get stdout() {
      return stdout;
    },
    get stderr() {
      return stderr;
    },
  };
}
