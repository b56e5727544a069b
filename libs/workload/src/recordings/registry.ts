import { csv } from './csv.ts';
import type { RecordingFormat } from './format.ts';
import { json } from './json.ts';
import { ndjson } from './ndjson.ts';
import { pickle } from './pickle.ts';
import { RecordingError } from './recording-error.ts';

const all = [pickle, csv, json, ndjson] as const;

/** All formats of recordings, each named like the ending of its files. */
export const recordingFormats: readonly RecordingFormat<(typeof all)[number]['name']>[] = all;

/** The format of a file by its ending. @throws RecordingError for another ending */
export function recordingFormatOf(fileName: string): RecordingFormat {
  const ending = /\.([^./\\]+)$/.exec(fileName)?.[1]?.toLowerCase();
  const format = recordingFormats.find(({ name }) => name === ending);
  if (format !== undefined) return format;
  const endings = recordingFormats.map(({ name }) => `.${name}`).join(', ');
  throw new RecordingError(
    `found the ending ${ending === undefined ? 'none' : JSON.stringify(`.${ending}`)}; allowed: ${endings}`,
  );
}
