import type { App, Register } from '../app.ts';
import { chooseTarget, type TargetFlags } from '../config.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { createPaint } from '../render/paint.ts';
import { renderReport } from '../render/report.ts';
import { reportJson } from '../render/report-json.ts';
import { withSession } from '../session.ts';
import { examples } from './examples.ts';
import { addTargetOptions } from './target-options.ts';

async function report(id: string, flags: TargetFlags & { json?: true }, app: App): Promise<ExitCode> {
  const { terminal, env, interrupts } = app;
  return await withSession(chooseTarget(flags, env), env, interrupts, async ({ client }) => {
    const { report: found } = await client.getReport({ experimentId: id }, { signal: interrupts.first });
    if (found === undefined) throw new Error(`the orchestrator gave no report of ${id}`);
    if (flags.json) terminal.out(`${JSON.stringify(reportJson(found), null, 2)}\n`);
    else terminal.out(renderReport(found, { paint: createPaint(terminal.outColour), width: terminal.outWidth() }));
    return exitCodes.success;
  });
}

export const registerReport: Register = (parent, app, exit) => {
  addTargetOptions(parent.command('report'))
    .description('print the report of an experiment that has ended')
    .argument('<id>', 'id of the experiment, the beginning of one that no other has, or latest')
    .option('--json', 'print one JSON object (seconds, bytes, cores)')
    .addHelpText('after', examples('galileo report latest', 'galileo report 202603011405-1a2b --json'))
    .action(async (id, flags) => exit(await report(id, flags, app)));
};
