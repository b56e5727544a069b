import { runService } from '@galileo/service';
import { variables } from './config.ts';
import { startTelemd } from './service.ts';

const code = await runService({
  name: 'telemd',
  summary: 'the telemetry agent: reports the resource usage of its node and of named processes',
  variables: variables,
  start: startTelemd,
});
process.exit(code);
