import type { RecordKind, WatchRecordingResponse } from '@galileo/proto/recorder';
import type { App, Register } from '../app.ts';
import { concludeRecording } from '../conclude-recording.ts';
import { chooseRecorder, type RecorderFlags, type RecorderTarget } from '../config.ts';
import { explain } from '../errors.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { followRecording } from '../follow-recording.ts';
import { createProgressOf, type Progress } from '../progress.ts';
import { type RecorderSession, withRecorder } from '../recorder-session.ts';
import { parseDuration, parseKinds, parseMetadata, parseName } from '../recording-options.ts';
import { createPaint } from '../render/paint.ts';
import { recordingLine } from '../render/recording-line.ts';
import { examples } from './examples.ts';
import { addRecorderOptions } from './recorder-options.ts';

interface Flags extends RecorderFlags {
  readonly name?: string;
  readonly creator?: string;
  readonly metadata?: string;
  readonly service?: string[];
  readonly client?: string[];
  readonly node?: string[];
  readonly kinds?: RecordKind[];
  readonly duration?: number;
  readonly json?: true;
}

type RecordingProgress = Progress<WatchRecordingResponse>;

function createRecordingProgress({ duration, json }: Flags, { terminal }: App): RecordingProgress {
  const subject = {
    begin: (name: string, id: string) => (name === id ? `recording ${id}` : `${name} is recorded as ${id}`),
    line: (message: WatchRecordingResponse, width: number) => recordingLine(message, width, duration),
    notices: () => [],
    step: ({ closing }: WatchRecordingResponse) => (closing ? 'closing' : 'open'),
    moves: () => true,
  };
  return createProgressOf<WatchRecordingResponse>(subject, terminal, json === true);
}

/** Starts a recording and stays with it to its end. */
async function carryOut(session: RecorderSession, progress: RecordingProgress, flags: Flags, app: App): Promise<ExitCode> {
  const { interrupts } = app;
  const { name = '', creator = '', metadata = '', service = [], client = [], node = [], kinds = [], duration } = flags;
  const filter = { kinds, services: service, clients: client, nodes: node };
  const wanted = { name, creator, metadata, filter };
  const { experimentId } = await session.client.startRecording(wanted, { signal: interrupts.second });
  session.commit();
  progress.begin(name || experimentId, experimentId);
  try {
    await followRecording({ session, experimentId, duration, progress, interrupts });
    const recording = await session.client.getRecording({ experimentId }, { signal: interrupts.second });
    progress.end();
    return concludeRecording(recording, flags.json === true, app);
  } catch (error) {
    progress.end();
    return breakOff(error, experimentId, session, flags, app);
  }
}

/** Says how a recording is ended that was left, or lost. Once its end was asked for, the recorder brings it about by itself. */
function breakOff(error: unknown, id: string, session: RecorderSession, flags: Flags, { terminal, interrupts }: App): ExitCode {
  const left = interrupts.second.aborted;
  const what = left ? 'its end was not waited for' : explain(error, session);
  const command = ['galileo recordings stop', id, ...whereFlags(flags)].join(' ');
  const then = `"${command}" ends the recording if it is open, and prints its ledger`;
  terminal.err(`${createPaint(terminal.errColour)('red', 'galileo')}: ${id}: ${what}; ${then}\n`);
  return left ? exitCodes.cancelled : exitCodes.failure;
}

function whereFlags({ recorder, local, dataDir }: RecorderFlags): string[] {
  if (recorder !== undefined) return ['--recorder', recorder];
  if (dataDir !== undefined) return ['--data-dir', dataDir];
  return local ? ['--local'] : [];
}

function connecting(target: RecorderTarget): string {
  if (target.kind === 'remote') return `connecting to ${target.address}`;
  return target.kind === 'local' ? 'starting standalone' : 'connecting to the recorder of this machine';
}

async function record(flags: Flags, app: App): Promise<ExitCode> {
  const { env, interrupts } = app;
  const target = chooseRecorder(flags, env);
  const progress = createRecordingProgress(flags, app);
  progress.before(connecting(target));
  try {
    return await withRecorder(target, { env, interrupts }, session => carryOut(session, progress, flags, app));
  } finally {
    progress.end();
  }
}

const help = `
The recording ends after --duration, or with Ctrl-C; a second Ctrl-C does not wait for that, and says how to end it later. It is an
experiment of its own: "galileo experiments ls" lists it.

Exit codes:
  0  everything that was produced is stored or rejected
  1  something went wrong
  2  the command is wrong; nothing was recorded
  4  records are lost, or not all are accounted for
  130  its end was not waited for, or it was cancelled before it began`;

export const registerRecord: Register = (parent, app, exit) => {
  addRecorderOptions(parent.command('record'))
    .description('record telemetry, traces and events without an experiment, and print the ledger')
    .option('--name <NAME>', 'name of the recording; its id unless told', parseName)
    .option('--creator <NAME>', 'who makes it; the recorder unless told', parseName)
    .option('--metadata <JSON>', 'JSON object that is kept with it, or @FILE with one', parseMetadata)
    .option('--service <NAME...>', 'only traces of these services')
    .option('--client <ID...>', 'only traces of these clients')
    .option('--node <NAME...>', 'only telemetry of these nodes')
    .option('--kinds <KINDS>', 'only these kinds: traces, telemetry, events; separated by commas', parseKinds)
    .option('--duration <SPAN>', 'end after this time (60s, 5m); otherwise Ctrl-C ends it', parseDuration)
    .option('--json', 'print one JSON object at the end')
    .addHelpText('after', help)
    .addHelpText(
      'after',
      examples(
        'galileo record --name idle --duration 60s',
        'galileo record --node node-a node-b --kinds telemetry',
        'galileo record --name a-try --metadata @notes.json --recorder node-a:50054',
        'galileo record --local --duration 10s --json > ledger.json',
      ),
    )
    .action(async flags => exit(await record(flags, app)));
};
