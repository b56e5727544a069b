import { malformed, type Parsed, parsed } from './parsed.ts';
import { parsePythonFloat, pythonFloat, sevenDecimals } from './python-float.ts';
import { WireError } from './wire-error.ts';

/** One sample of a node's metric. */
export interface TelemetrySample {
  readonly node: string;
  readonly metric: string;
  /** Device, container, process or the like; slashes are allowed. `null`: the metric is the node's own. */
  readonly subsystem: string | null;
  /** When it was taken, UNIX seconds. */
  readonly timestamp: number;
  /** In the metric's own unit; NaN and infinities can be read and written, but no store takes them. */
  readonly value: number;
}

const prefix = 'telem/';

/**
 * The channel of a metric: `telem/<node>/<metric>[/<subsystem>]`.
 * @throws WireError if node or metric is empty or holds a slash.
 */
export function telemetryChannel(node: string, metric: string, subsystem: string | null): string {
  for (const [field, value] of [
    ['node', node],
    ['metric', metric],
  ] as const) {
    if (value === '' || value.includes('/')) throw new WireError(field, value, 'text without a slash, not empty');
  }
  return subsystem === null ? `${prefix}${node}/${metric}` : `${prefix}${node}/${metric}/${subsystem}`;
}

/** The line of a sample: `<UNIX seconds, 7 decimals> <value>`. */
export function formatTelemetry(timestamp: number, value: number): string {
  return `${sevenDecimals(timestamp)} ${pythonFloat(value)}`;
}

/**
 * Reads a sample with the original recorder's rules: exactly two tokens; the value as Python's `float()` reads it, and
 * for the metric `status` any other text too (`true` is 1, all else 0). The subsystem is all that follows the metric.
 */
export function parseTelemetry(channel: string, line: string): Parsed<TelemetrySample> {
  if (!channel.startsWith(prefix)) return malformed('channel is not telem/<node>/<metric>');
  const nodeEnd = channel.indexOf('/', prefix.length);
  if (nodeEnd === -1) return malformed('channel names no metric');
  const metricEnd = channel.indexOf('/', nodeEnd + 1);
  const node = channel.slice(prefix.length, nodeEnd);
  const metric = metricEnd === -1 ? channel.slice(nodeEnd + 1) : channel.slice(nodeEnd + 1, metricEnd);
  if (node === '') return malformed('channel names no node');
  if (metric === '') return malformed('channel names no metric');

  const space = line.indexOf(' ');
  if (space === -1 || line.indexOf(' ', space + 1) !== -1) return malformed('not exactly two tokens');
  const timestamp = parsePythonFloat(line.slice(0, space));
  if (timestamp === undefined) return malformed('timestamp is not a number');
  const text = line.slice(space + 1);
  const value = parsePythonFloat(text) ?? (metric === 'status' ? Number(text === 'true') : undefined);
  if (value === undefined) return malformed('value is not a number');
  return parsed({ node, metric, subsystem: metricEnd === -1 ? null : channel.slice(metricEnd + 1), timestamp, value });
}
