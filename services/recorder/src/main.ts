import { runService } from '@galileo/service';
import { variables } from './config.ts';
import { startRecorder } from './service.ts';

const code = await runService({
  name: 'recorder',
  summary: 'stores telemetry, traces and events of experiments and proves that nothing is missing',
  variables,
  start: startRecorder,
});
process.exit(code);
