import type { Register } from '../app.ts';
import { exitCodes } from '../exit-codes.ts';
import { ExperimentFileError, readExperimentFile } from '../experiment-file.ts';
import { examples } from './examples.ts';

export const registerValidate: Register = (parent, { terminal, env }, exit) => {
  parent
    .command('validate')
    .description('check experiment files and name every problem with its line and column')
    .argument('<file...>', 'experiment files (YAML)')
    .addHelpText('after', examples('galileo validate examples/pi.yaml', 'galileo validate experiments/*.yaml'))
    .action(async (files: readonly string[]) => {
      let allGood = true;
      for (const file of files) {
        try {
          const { spec } = await readExperimentFile(file, env);
          terminal.out(`${file}: OK (${spec.name})\n`);
        } catch (error) {
          if (!(error instanceof ExperimentFileError)) throw error;
          allGood = false;
          terminal.err(`${error.message}\n`);
        }
      }
      exit(allGood ? exitCodes.success : exitCodes.usage);
    });
};
