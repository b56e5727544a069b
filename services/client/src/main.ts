import { isMainThread } from 'node:worker_threads';
import { ensureNodeOptions, runService } from '@galileo/service';
import { labelsOf, variables } from './config.ts';
import { nodeOptions, runThread, startClient } from './service.ts';

if (isMainThread) {
  ensureNodeOptions(nodeOptions);
  process.exit(
    await runService({
      name: 'client',
      summary: 'load client: hosts emulated clients that send HTTP requests on a schedule',
      variables,
      start: (config, context) => startClient({ ...config, labels: labelsOf(process.env, variables) }, context),
    }),
  );
}
runThread();
