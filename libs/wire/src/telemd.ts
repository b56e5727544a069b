import { malformed, type Parsed, parsed } from './parsed.ts';
import { WireError } from './wire-error.ts';

/** What telemd is told on `telemdCommandChannel`: to stop measuring, to go on, to write its node info again. */
export const telemdCommands = ['pause', 'unpause', 'info'] as const;
export type TelemdCommand = (typeof telemdCommands)[number];

/** Reads a command to telemd. */
export function parseTelemdCommand(payload: string): Parsed<TelemdCommand> {
  const command = telemdCommands.find(each => each === payload);
  return command === undefined ? malformed('not one of pause, unpause, info') : parsed(command);
}

/** What a node is, in the words of `telemd.info:<node>`. Fields that are not known are left out. */
export interface NodeInfo {
  /** Architecture in Go's words: amd64, arm64, arm. */
  readonly arch?: string | undefined;
  /** When it was started, UNIX seconds. */
  readonly boot?: number | undefined;
  readonly hostname?: string | undefined;
  /** Memory, kB. */
  readonly ram?: number | undefined;
  readonly cpus?: number | undefined;
  /** Names of block devices. */
  readonly disk?: readonly string[] | undefined;
  /** Names of network devices. */
  readonly net?: readonly string[] | undefined;
  /** Speeds of the network devices, as text. */
  readonly netspeed?: string | undefined;
}

/**
 * The fields of a node's hash, all as text; lists are separated by spaces.
 * @throws WireError if a device's name is empty or holds a space.
 */
export function encodeNodeInfo(info: NodeInfo): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const field of ['arch', 'boot', 'hostname', 'ram', 'cpus'] as const) {
    const value = info[field];
    if (value !== undefined) fields[field] = String(value);
  }
  for (const field of ['disk', 'net'] as const) {
    const names = info[field];
    if (names === undefined) continue;
    const wrong = names.find(name => name === '' || /\s/.test(name));
    if (wrong !== undefined) throw new WireError(field, wrong, 'names without a space, not empty');
    fields[field] = names.join(' ');
  }
  if (info.netspeed !== undefined) fields['netspeed'] = info.netspeed;
  return fields;
}

/** Reads a node's hash. A field that is missing or can't be read is left out; others (labels, allocatable) are passed over. */
export function decodeNodeInfo(fields: Readonly<Record<string, string>>): NodeInfo {
  const whole = (text: string | undefined) => (text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined);
  const names = (text: string | undefined) => text?.split(/\s+/).filter(name => name !== '');
  return Object.fromEntries(
    Object.entries({
      arch: fields['arch'],
      boot: whole(fields['boot']),
      hostname: fields['hostname'],
      ram: whole(fields['ram']),
      cpus: whole(fields['cpus']),
      disk: names(fields['disk']),
      net: names(fields['net']),
      netspeed: fields['netspeed'],
    }).filter(([, value]) => value !== undefined),
  );
}
