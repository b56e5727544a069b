import type { Experiment, OrchestratorClient } from '@galileo/proto/orchestrator';
import { hasEnded, listExperiments, statusName } from '@galileo/sdk';
import type { App, Register } from '../app.ts';
import { chooseTarget, type TargetFlags } from '../config.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { experimentJson } from '../render/report-json.ts';
import { table } from '../render/table.ts';
import { instant, nothing, span } from '../render/units.ts';
import { withSession } from '../session.ts';
import { examples } from './examples.ts';
import { parseLimit } from './limit.ts';
import { addTargetOptions } from './target-options.ts';

interface Flags extends TargetFlags {
  readonly json?: true;
  readonly limit: number;
}

function row({ id, name, status, created, start, end }: Experiment): string[] {
  const took = start > 0 && hasEnded(status) ? span(end - start) : nothing;
  return [id, statusName(status), instant(created), took, name];
}

async function newest(client: OrchestratorClient, limit: number, signal: AbortSignal): Promise<Experiment[]> {
  const found: Experiment[] = [];
  for await (const experiment of listExperiments(client, { pageSize: Math.min(limit, 100), signal })) {
    found.push(experiment);
    if (found.length === limit) break;
  }
  return found;
}

async function list(flags: Flags, { terminal, env, interrupts }: App): Promise<ExitCode> {
  return await withSession(chooseTarget(flags, env), env, interrupts, async ({ client }) => {
    const found = await newest(client, flags.limit, interrupts.first);
    if (flags.json) terminal.out(`${JSON.stringify(found.map(experimentJson), null, 2)}\n`);
    else if (found.length === 0) terminal.out('There are no experiments yet; run one: galileo run FILE\n');
    else {
      const columns = ['id', 'status', 'submitted', 'took', 'name'].map(title => ({ title }));
      terminal.out(`${table(columns, found.map(row))}\n`);
    }
    return exitCodes.success;
  });
}

export const registerList: Register = (parent, app, exit) => {
  addTargetOptions(parent.command('ls'))
    .description('list experiments, newest first')
    .option('--json', 'print one JSON array')
    .option('--limit <N>', 'at most so many', parseLimit, 50)
    .addHelpText('after', examples('galileo experiments ls', 'galileo experiments ls --limit 1 --json'))
    .action(async flags => exit(await list(flags, app)));
};
