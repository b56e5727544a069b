import type { App, Register } from '../app.ts';
import { concludeRecording } from '../conclude-recording.ts';
import { chooseRecorder, type RecorderFlags } from '../config.ts';
import type { ExitCode } from '../exit-codes.ts';
import { withRecorder } from '../recorder-session.ts';
import { examples } from './examples.ts';
import { addRecorderOptions } from './recorder-options.ts';

async function stop(id: string, flags: RecorderFlags & { json?: true }, app: App): Promise<ExitCode> {
  const { env, interrupts } = app;
  return await withRecorder(chooseRecorder(flags, env), { env, interrupts, reads: true }, async session => {
    const { client } = session;
    const { experimentId } = await client.getRecording({ experimentId: id }, { signal: interrupts.first });
    session.commit();
    await client.stopRecording({ experimentId }, { signal: interrupts.first });
    const recording = await client.getRecording({ experimentId }, { signal: interrupts.first });
    return concludeRecording(recording, flags.json === true, app);
  });
}

export const registerRecordingStop: Register = (parent, app, exit) => {
  addRecorderOptions(parent.command('stop'))
    .description('end a recording that was left open, and print its ledger')
    .argument('<id>', 'id of the recording, the beginning of one that no other has, or latest')
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExit codes: 0; 4 if records are lost, or not all are accounted for.')
    .addHelpText('after', examples('galileo recordings stop latest', 'galileo recordings stop 202603011405-1a2b'))
    .action(async (id, flags) => exit(await stop(id, flags, app)));
};
