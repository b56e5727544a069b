import { runService } from '@galileo/service';
import { variables } from './config.ts';
import { startStandalone } from './service.ts';

process.exit(
  await runService({
    name: 'standalone',
    summary: 'orchestrator, recorder and telemd of one machine in one process; starts load balancer and load client itself',
    variables,
    start: startStandalone,
  }),
);
