// A test process that starts programs and never ends them: one that takes no signal, one with a child, one that is stopped.
import { startProgram } from '../src/index.ts';

const deaf = await startProgram(['/bin/sh', '-c', 'trap "" TERM INT HUP; echo ready; while :; do sleep 1; done']);
const parent = await startProgram(['/bin/sh', '-c', 'sleep 600 & echo child $!; wait']);
const stopped = await startProgram(['sleep', '600']);
stopped.pause();
await deaf.untilOutput('ready');
const [, child] = await parent.untilOutput(/child (\d+)/);
process.on('SIGUSR2', () => process.exit());
console.log(`running ${deaf.pid} ${child} ${stopped.pid} in ${deaf.directory}`);
setInterval(() => {}, 1000);
