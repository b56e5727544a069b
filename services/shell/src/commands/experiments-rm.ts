import type { App, Register } from '../app.ts';
import { chooseTarget, type TargetFlags } from '../config.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { withSession } from '../session.ts';
import { examples } from './examples.ts';
import { addTargetOptions } from './target-options.ts';

async function remove(ids: readonly string[], flags: TargetFlags, app: App): Promise<ExitCode> {
  const { terminal, env, interrupts } = app;
  await withSession(chooseTarget(flags, env), env, interrupts, async session => {
    for (const given of ids) {
      const { experiment } = await session.client.getExperiment({ experimentId: given }, { signal: interrupts.first });
      if (experiment === undefined) throw new Error(`the orchestrator gave no experiment ${given}`);
      session.commit();
      await session.client.deleteExperiment({ experimentId: experiment.id });
      terminal.out(`removed ${experiment.id} (${experiment.name})\n`);
    }
  });
  return exitCodes.success;
}

export const registerRemove: Register = (parent, app, exit) => {
  addTargetOptions(parent.command('rm'))
    .description('remove experiments that have ended, with all that was recorded')
    .argument('<id...>', 'ids of experiments, the beginning of one that no other has, or latest')
    .addHelpText('after', examples('galileo experiments rm 202603011405-1a2b'))
    .action(async (ids, flags) => exit(await remove(ids, flags, app)));
};
