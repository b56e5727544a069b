import { RecordingError } from './recording-error.ts';

/** Text of a file. @throws RecordingError if it is not UTF-8 */
export function decodeText(content: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content);
  } catch {
    throw new RecordingError('found bytes that are no text; allowed: UTF-8');
  }
}
