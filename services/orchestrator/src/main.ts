import { runService } from '@galileo/service';
import { variables } from './config.ts';
import { startOrchestrator } from './service.ts';

process.exit(
  await runService({
    name: 'orchestrator',
    summary: 'queues experiments and carries them out',
    variables,
    start: startOrchestrator,
  }),
);
