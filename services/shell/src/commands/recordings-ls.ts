import type { RecordingSummary } from '@galileo/proto/recorder';
import { listRecordings } from '@galileo/sdk';
import type { App, Register } from '../app.ts';
import { chooseRecorder, type RecorderFlags } from '../config.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { withRecorder } from '../recorder-session.ts';
import { createPaint, type Paint } from '../render/paint.ts';
import { isComplete, recordingJson, stateOf } from '../render/recording.ts';
import { table } from '../render/table.ts';
import { count, instant, nothing, span } from '../render/units.ts';
import { examples } from './examples.ts';
import { parseLimit } from './limit.ts';
import { addRecorderOptions } from './recorder-options.ts';

interface Flags extends RecorderFlags {
  readonly json?: true;
  readonly limit: number;
}

function ledgerCell({ ledger }: RecordingSummary, paint: Paint): string {
  if (ledger === undefined) return nothing;
  if (isComplete(ledger)) return 'complete';
  const lost = ledger.entries.reduce((sum, entry) => sum + entry.lost, 0);
  if (lost > 0) return paint('red', `${count(lost)} lost`);
  return ledger.final ? paint('red', 'not balanced') : paint('yellow', 'provisional');
}

function row(recording: RecordingSummary, paint: Paint): string[] {
  const { experimentId, name, start, end } = recording;
  const took = end > 0 ? span(end - start) : nothing;
  return [experimentId, stateOf(recording), instant(start), took, ledgerCell(recording, paint), name];
}

async function list(flags: Flags, { terminal, env, interrupts }: App): Promise<ExitCode> {
  return await withRecorder(chooseRecorder(flags, env), { env, interrupts, reads: true }, async ({ client }) => {
    const found: RecordingSummary[] = [];
    for await (const recording of listRecordings(client, { pageSize: Math.min(flags.limit, 100), signal: interrupts.first })) {
      found.push(recording);
      if (found.length === flags.limit) break;
    }
    if (flags.json) {
      terminal.out(`${JSON.stringify(found.map(recordingJson), null, 2)}\n`);
    } else if (found.length === 0) terminal.out('There are no recordings yet; make one: galileo record, or galileo run FILE\n');
    else {
      const paint = createPaint(terminal.outColour);
      const columns = ['id', 'state', 'began', 'took', 'ledger', 'name'].map(title => ({ title }));
      terminal.out(
        `${table(
          columns,
          found.map(recording => row(recording, paint)),
        )}\n`,
      );
    }
    return exitCodes.success;
  });
}

export const registerRecordingList: Register = (parent, app, exit) => {
  addRecorderOptions(parent.command('ls'))
    .description('list recordings, those of experiments among them, newest first')
    .option('--json', 'print one JSON array')
    .option('--limit <N>', 'at most so many', parseLimit, 50)
    .addHelpText('after', examples('galileo recordings ls', 'galileo recordings ls --limit 1 --json'))
    .action(async flags => exit(await list(flags, app)));
};
