import { malformed, type Parsed, parsed } from './parsed.ts';
import { parsePythonFloat, pythonFloat } from './python-float.ts';
import { WireError } from './wire-error.ts';

/** Something that happened. */
export interface GalileoEvent {
  /** When, UNIX seconds. */
  readonly timestamp: number;
  /** What, without spaces. */
  readonly name: string;
  /** Details, any text. `null` and the empty text differ. */
  readonly value: string | null;
}

/** Channel of all events. */
export const eventChannel = 'galileo/events';

/**
 * The line of an event: `<UNIX seconds> <name>[ <value>]`.
 * @throws WireError if the name is empty or holds a space.
 */
export function formatEvent(event: GalileoEvent): string {
  const { timestamp, name, value } = event;
  if (name === '' || name.includes(' ')) throw new WireError('name', name, 'text without a space, not empty');
  return value === null ? `${pythonFloat(timestamp)} ${name}` : `${pythonFloat(timestamp)} ${name} ${value}`;
}

/** Reads an event: the line is split at its first two spaces, so that only the value may hold some. */
export function parseEvent(line: string): Parsed<GalileoEvent> {
  const first = line.indexOf(' ');
  if (first === -1) return malformed('fewer than two tokens');
  const timestamp = parsePythonFloat(line.slice(0, first));
  if (timestamp === undefined) return malformed('timestamp is not a number');
  const second = line.indexOf(' ', first + 1);
  if (second === -1) return parsed({ timestamp, name: line.slice(first + 1), value: null });
  return parsed({ timestamp, name: line.slice(first + 1, second), value: line.slice(second + 1) });
}
