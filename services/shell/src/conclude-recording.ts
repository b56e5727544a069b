import type { RecordingSummary } from '@galileo/proto/recorder';
import type { App } from './app.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { createPaint } from './render/paint.ts';
import { isComplete, recordingJson, renderRecording, stateOf } from './render/recording.ts';

/** Prints a recording with its ledger. @returns 4 if it has ended and records are lost, or not all are accounted for */
export function concludeRecording(recording: RecordingSummary, json: boolean, { terminal }: App): ExitCode {
  if (json) terminal.out(`${JSON.stringify(recordingJson(recording), null, 2)}\n`);
  else terminal.out(renderRecording(recording, { paint: createPaint(terminal.outColour), width: terminal.outWidth() }));
  if (stateOf(recording) !== 'ended') return exitCodes.success;
  return recording.ledger !== undefined && isComplete(recording.ledger) ? exitCodes.success : exitCodes.invalid;
}
