import { fileURLToPath } from 'node:url';
import { type Program, startProgram } from './program.ts';

/** A service as a process, the way that its container starts it. */
export interface ServiceProcess extends Program {
  /** Waits for the line `ready`, at most `timeout` seconds (20), and gives what it listens on: `grpc`, `http`, `metrics` -> HOST:PORT. */
  ready(timeout?: number): Promise<Readonly<Record<string, string>>>;
  /** The lines of its log so far. */
  log(): LogLine[];
  /** Waits for a line of the log, at most `timeout` seconds (10). */
  line(message: string, timeout?: number): Promise<LogLine>;
}

export interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly [key: string]: unknown;
}

/** The program of a service: its source, or the one file that its container holds. */
export function serviceFile(name: string, kind: 'source' | 'bundle' = 'source'): string {
  const path = kind === 'source' ? 'src/main.ts' : `dist/${name}.js`;
  return fileURLToPath(new URL(`../../../services/${name}/${path}`, import.meta.url));
}

/**
 * Starts a service, by default from its source, with no more of an environment than `environment`, PATH, HOME and
 * XDG_RUNTIME_DIR: variables of a
 * developer's shell must not matter. It has not become ready when this returns.
 */
export async function startService(
  name: string,
  environment: Readonly<Record<string, string>>,
  file = serviceFile(name),
): Promise<ServiceProcess> {
  const program = await startProgram([process.execPath, file], { environment });
  const line = (message: string, timeout?: number) =>
    program.until(`line "${message}"`, output => parseLog(output).find(entry => entry.msg === message), timeout);

  return Object.assign(program, {
    log: () => parseLog(program.output()),
    line,
    ready: async (timeout = 20) => (await line('ready', timeout))['addresses'] as Record<string, string>,
  });
}

/** The JSON lines; a line that is half written, and what else programs print, is none. */
function parseLog(output: string): LogLine[] {
  return output.split('\n').flatMap(text => {
    if (!text.startsWith('{')) return [];
    try {
      return [JSON.parse(text) as LogLine];
    } catch {
      return [];
    }
  });
}
