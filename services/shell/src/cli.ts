import { ConfigError, variableTable, version } from '@galileo/service';
import { ScheduleError } from '@galileo/workload';
import { Command, CommanderError } from 'commander';
import type { App } from './app.ts';
import { examples } from './commands/examples.ts';
import { commands } from './commands/registry.ts';
import { variables } from './config.ts';
import { explain } from './errors.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { ExperimentFileError } from './experiment-file.ts';
import { createPaint } from './render/paint.ts';

function environmentHelp(): string {
  const rows = variableTable(variables);
  const width = Math.max(...rows.map(row => row.name.length));
  return ['', 'Environment:', ...rows.map(row => `  ${row.name.padEnd(width)}  ${row.doc}`)].join('\n');
}

function createProgram(app: App, exit: (code: ExitCode) => void): Command {
  const { terminal } = app;
  const program = new Command('galileo')
    .description('Distributed load-testing experiments with fine-grained telemetry.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help for a command')
    .exitOverride()
    .showHelpAfterError('(--help tells what is allowed)')
    .configureOutput({
      writeOut: terminal.out,
      writeErr: terminal.err,
      outputError: (text, write) => write(text.replace(/^error:/, 'galileo:')),
      getOutHelpWidth: () => Math.min(terminal.outWidth(), 100),
      getErrHelpWidth: () => Math.min(terminal.errWidth(), 100),
      getOutHasColors: () => terminal.outColour,
      getErrHasColors: () => terminal.errColour,
    });
  for (const register of commands) register(program, app, exit);
  return program
    .addHelpText('after', environmentHelp())
    .addHelpText(
      'after',
      examples('galileo run examples/pi.yaml', 'galileo report latest', 'galileo experiments ls', 'galileo help run'),
    );
}

/** Runs one `galileo` command. @returns its exit code */
export async function runCli(args: readonly string[], app: App): Promise<ExitCode> {
  const { terminal, interrupts } = app;
  let code: ExitCode = exitCodes.success;
  const program = createProgram(app, found => {
    code = found;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    // Commander has printed what it throws: help and version with exit code 0, anything else is a wrong command line.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.success : exitCodes.usage;
    if (interrupts.first.aborted) {
      terminal.err('galileo: cancelled\n');
      return exitCodes.cancelled;
    }
    // Problems of a file begin with its name, so that editors find the place.
    const prefix = error instanceof ExperimentFileError ? '' : `${createPaint(terminal.errColour)('red', 'galileo')}: `;
    terminal.err(`${prefix}${explain(error)}\n`);
    const wrongUse = [ExperimentFileError, ConfigError, ScheduleError].some(type => error instanceof type);
    return wrongUse ? exitCodes.usage : exitCodes.failure;
  }
}
