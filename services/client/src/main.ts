import { runService } from '@galileo/service';
import { clientVariables } from './config.ts';
import { labelsOf } from './labels.ts';
import { startClient } from './service.ts';

process.exit(
  await runService({
    name: 'client',
    summary: 'load client: hosts emulated clients that send HTTP requests on a schedule',
    variables: clientVariables,
    start: (config, context) => startClient({ ...config, labels: labelsOf(process.env, clientVariables) }, context),
  }),
);
