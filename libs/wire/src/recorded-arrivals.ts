import { recordedArrivalsKey } from './keys.ts';
import { malformed, type Parsed, parsed } from './parsed.ts';
import { parsePythonFloat, pythonFloat } from './python-float.ts';
import type { RedisCommand } from './routing.ts';
import { WireError } from './wire-error.ts';

/*
 * Recorded inter-arrival times lie in a list at the bare client id, and the client plays them in the order in which they were
 * pushed. Whoever records empties the list first; the client deletes it when it starts.
 */

/**
 * Pushes all inter-arrival times (seconds) of a client in one command.
 * @throws WireError if there is none, or one is not finite.
 */
export function pushRecordedArrivals(clientId: string, times: readonly number[]): RedisCommand {
  if (times.length === 0) throw new WireError('times', '', 'at least one number of seconds');
  const wrong = times.find(time => !Number.isFinite(time));
  if (wrong !== undefined) throw new WireError('times', String(wrong), 'finite numbers of seconds');
  return ['LPUSH', recordedArrivalsKey(clientId), ...times.map(pythonFloat)];
}

/** The inter-arrival times, seconds, in the order in which they are to be played, from the list in Redis' order. */
export function parseRecordedArrivals(values: readonly string[]): Parsed<readonly number[]> {
  const times: number[] = [];
  for (const text of values.toReversed()) {
    const time = parsePythonFloat(text);
    if (time === undefined) return malformed('inter-arrival time is not a number');
    times.push(time);
  }
  return parsed(times);
}
