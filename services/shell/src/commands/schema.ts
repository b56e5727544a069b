import { jsonSchema } from '@galileo/experiment';
import type { Register } from '../app.ts';
import { exitCodes } from '../exit-codes.ts';
import { examples } from './examples.ts';

export const registerSchema: Register = (parent, { terminal }, exit) => {
  parent
    .command('schema')
    .description('print the JSON Schema of experiment files, for editors')
    .addHelpText('after', examples('galileo schema > experiment.schema.json'))
    .action(() => {
      terminal.out(`${JSON.stringify(jsonSchema(), null, 2)}\n`);
      exit(exitCodes.success);
    });
};
