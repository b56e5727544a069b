import { freePort } from './free-port.ts';
import { type Program, type ProgramOptions, startProgram } from './program.ts';
import { until } from './until.ts';

/** PEM files of a TLS server; with `ca`, clients must show a certificate of that CA. */
export interface ServerTls {
  readonly cert: string;
  readonly key: string;
  readonly ca?: string;
}

interface ServerOptions extends ProgramOptions {
  readonly command: (port: number) => readonly string[];
  /** Default: a free one, and another if it is taken before the server has it. */
  readonly port: number | undefined;
  /** The server's own output when it has the port: an answer alone might be another server's. */
  readonly listening: RegExp;
  /** Does it answer? */
  readonly answers: (port: number) => Promise<boolean>;
}

const attempts = 5;
/** Seconds; a start takes a tenth of a second on an idle machine. */
const patience = 20;
const inUse = /address already in use/i;

/** Starts a server and waits until it answers. */
export async function startServer(options: ServerOptions): Promise<{ readonly program: Program; readonly port: number }> {
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await freePort());
    const command = options.command(port);
    const program = await startProgram(command, options);
    try {
      await program.untilOutput(options.listening, patience);
      await until(`an answer of ${command[0]} on port ${port}`, () => options.answers(port), patience);
      return { program, port };
    } catch (error) {
      const taken = inUse.test(program.output());
      await program[Symbol.asyncDispose]();
      if (!taken || options.port !== undefined || attempt === attempts) throw error;
    }
  }
}
