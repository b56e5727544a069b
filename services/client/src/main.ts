import { runService } from '@galileo/service';
import { labelsOf, variables } from './config.ts';
import { startClient } from './service.ts';

process.exit(
  await runService({
    name: 'client',
    summary: 'load client: hosts emulated clients that send HTTP requests on a schedule',
    variables,
    start: (config, context) => startClient({ ...config, labels: labelsOf(process.env, variables) }, context),
  }),
);
