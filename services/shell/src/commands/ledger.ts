import type { App, Register } from '../app.ts';
import { concludeRecording } from '../conclude-recording.ts';
import { chooseRecorder, type RecorderFlags } from '../config.ts';
import type { ExitCode } from '../exit-codes.ts';
import { withRecorder } from '../recorder-session.ts';
import { examples } from './examples.ts';
import { addRecorderOptions } from './recorder-options.ts';

async function ledger(id: string, flags: RecorderFlags & { json?: true }, app: App): Promise<ExitCode> {
  const { env, interrupts } = app;
  return await withRecorder(chooseRecorder(flags, env), { env, interrupts, reads: true }, async ({ client }) => {
    const recording = await client.getRecording({ experimentId: id }, { signal: interrupts.first });
    return concludeRecording(recording, flags.json === true, app);
  });
}

const help = `
Exit codes: 0; 4 if the recording has ended and records are lost, or not all are accounted for.`;

export const registerLedger: Register = (parent, app, exit) => {
  addRecorderOptions(parent.command('ledger'))
    .description('print what a recording produced and what became of it; as it stands while it is open')
    .argument('<id>', 'id of the experiment, the beginning of one that no other has, or latest')
    .option('--json', 'print one JSON object')
    .addHelpText('after', help)
    .addHelpText('after', examples('galileo ledger latest', 'galileo ledger 202603011405-1a2b --json'))
    .action(async (id, flags) => exit(await ledger(id, flags, app)));
};
