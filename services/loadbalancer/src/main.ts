import { runService } from '@galileo/service';
import { variables } from './config.ts';
import { startLoadBalancer } from './service.ts';

process.exit(
  await runService({
    name: 'loadbalancer',
    summary: 'HTTP load balancer that spreads requests over replicas by weight',
    variables,
    start: startLoadBalancer,
  }),
);
