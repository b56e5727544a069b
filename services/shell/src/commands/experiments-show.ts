import type { GetExperimentResponse } from '@galileo/proto/orchestrator';
import type { App, Register } from '../app.ts';
import { chooseTarget, type TargetFlags } from '../config.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { experimentJson } from '../render/report-json.ts';
import { instant } from '../render/units.ts';
import { wrap } from '../render/wrap.ts';
import { withSession } from '../session.ts';
import { examples } from './examples.ts';
import { addTargetOptions } from './target-options.ts';

function text({ experiment, file, scheduleHash }: GetExperimentResponse, width: number): string {
  if (experiment === undefined) return '';
  const { id, name, status, start, end } = experimentJson(experiment);
  const rows: [string, string][] = [
    ['id', id],
    ['name', name],
    ['status', status],
    ['submitted', `${instant(experiment.created)}${experiment.creator === '' ? '' : ` by ${experiment.creator}`}`],
    ['began', instant(start ?? 0)],
    ['ended', instant(end ?? 0)],
  ];
  if (scheduleHash !== '') rows.push(['schedule', scheduleHash]);
  if (experiment.reason !== '') rows.push(['reason', experiment.reason]);
  const lines = rows.map(([key, value]) => wrap(value, width, key.padEnd(11)));
  return `${lines.join('\n')}\n\n${file.trimEnd()}\n`;
}

function json({ experiment, file, scheduleHash }: GetExperimentResponse) {
  if (experiment === undefined) return null;
  const { creator, created, reason } = experiment;
  return {
    ...experimentJson(experiment),
    creator,
    created,
    reason: reason === '' ? null : reason,
    schedule_hash: scheduleHash || null,
    file,
  };
}

async function show(id: string, flags: TargetFlags & { json?: true }, app: App): Promise<ExitCode> {
  const { terminal, env, interrupts } = app;
  return await withSession(chooseTarget(flags, env), env, interrupts, async ({ client }) => {
    const found = await client.getExperiment({ experimentId: id }, { signal: interrupts.first });
    terminal.out(flags.json ? `${JSON.stringify(json(found), null, 2)}\n` : text(found, terminal.outWidth()));
    return exitCodes.success;
  });
}

export const registerShow: Register = (parent, app, exit) => {
  addTargetOptions(parent.command('show'))
    .description('show one experiment with its file')
    .argument('<id>', 'id of the experiment, the beginning of one that no other has, or latest')
    .option('--json', 'print one JSON object')
    .addHelpText('after', examples('galileo experiments show latest', 'galileo experiments show 202603011405-1a2b --json'))
    .action(async (id, flags) => exit(await show(id, flags, app)));
};
