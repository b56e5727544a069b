import { access, readFile } from 'node:fs/promises';
import { chooseDevices, diskRule, networkRule } from './devices.ts';
import { parseCpuTimes } from './instruments/cpu.ts';
import { parseDisks } from './instruments/disk.ts';
import { parseNetworkDevices } from './instruments/net.ts';
import { parseMemory } from './instruments/ram.ts';

export interface NodeInfoOptions {
  readonly procRoot: string;
  readonly sysRoot: string;
  readonly netDevices: readonly string[];
  readonly diskDevices: readonly string[];
  readonly hostname: string;
  readonly arch: NodeJS.Architecture;
  /** Instruments that have nothing to give, with the reason. */
  readonly unavailable: readonly { readonly name: string; readonly reason: string }[];
}

/** Names of architectures as in the original, where Node's differ. */
const architectures: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386', mipsel: 'mipsle' };

/** Line of /proc/stat: when the machine was booted, UNIX seconds. */
export function parseBootTime(stat: string): string {
  const found = /^btime (\d+)$/m.exec(stat);
  if (found === null) throw new Error('no line begins with "btime"');
  return found[1]!;
}

/** Device of the default route with the least metric in /proc/net/route. */
export function parseDefaultRoute(route: string): string {
  const routes = route
    .split('\n')
    .slice(1)
    .map(line => line.split('\t'))
    .filter(([, destination, , , , , , mask]) => destination === '00000000' && mask === '00000000')
    .sort((one, other) => Number(one[6]) - Number(other[6]));
  const device = routes[0]?.[0];
  if (device === undefined) throw new Error('there is no default route');
  return device;
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

/** Version of the control groups that are mounted: v1, v2, or both (hybrid). */
async function readCgroupVersion(sysRoot: string): Promise<string> {
  const root = `${sysRoot}/fs/cgroup`;
  if (await exists(`${root}/cgroup.controllers`)) return 'v2';
  if (await exists(`${root}/unified/cgroup.controllers`)) return 'hybrid';
  if ((await exists(`${root}/cpu`)) || (await exists(`${root}/cpuacct`)) || (await exists(`${root}/memory`))) return 'v1';
  throw new Error(`no control groups are mounted at ${root}`);
}

/** Mbit/s of the device that leads to the world. */
async function readNetSpeed(procRoot: string, sysRoot: string): Promise<string> {
  const device = parseDefaultRoute(await readFile(`${procRoot}/net/route`, 'utf8'));
  const path = `${sysRoot}/class/net/${device}/speed`;
  const speed = (await readFile(path, 'utf8')).trim();
  if (!/^\d+$/.test(speed)) throw new Error(`${path} says ${speed}`);
  return speed;
}

/**
 * Galileo's node info (arch, boot, hostname, ram in kB, cpus, disk and net as lists separated by spaces, netspeed in
 * Mbit/s), and kernel, cgroup, clocksource. What can't be told is left out and named, with its reason, in `unavailable`.
 */
export async function readNodeInfo(options: NodeInfoOptions): Promise<Record<string, string>> {
  const { procRoot, sysRoot } = options;
  const readText = async (path: string) => (await readFile(path, 'utf8')).trim();
  const fields: readonly [string, () => string | Promise<string>][] = [
    ['arch', () => architectures[options.arch] ?? options.arch],
    ['boot', async () => parseBootTime(await readText(`${procRoot}/stat`))],
    ['hostname', () => options.hostname],
    ['ram', async () => String(parseMemory(await readFile(`${procRoot}/meminfo`)).total)],
    ['cpus', async () => String(parseCpuTimes(await readFile(`${procRoot}/stat`)).filter(({ core }) => core !== null).length)],
    ['disk', async () => devices(parseDisks(await readFile(`${procRoot}/diskstats`)), diskRule(sysRoot, options.diskDevices))],
    [
      'net',
      async () => devices(parseNetworkDevices(await readFile(`${procRoot}/net/dev`)), networkRule(sysRoot, options.netDevices)),
    ],
    ['netspeed', () => readNetSpeed(procRoot, sysRoot)],
    ['kernel', () => readText(`${procRoot}/sys/kernel/osrelease`)],
    ['cgroup', () => readCgroupVersion(sysRoot)],
    ['clocksource', () => readText(`${sysRoot}/devices/system/clocksource/clocksource0/current_clocksource`)],
  ];
  const info: Record<string, string> = {};
  const missing = options.unavailable.map(({ name, reason }) => `instrument ${name}: ${reason}`);
  for (const [name, read] of fields) {
    try {
      info[name] = await read();
    } catch (error) {
      missing.push(`${name}: ${(error as Error).message}`);
    }
  }
  if (missing.length > 0) info['unavailable'] = missing.join('; ');
  return info;
}

function devices(found: readonly { readonly name: string }[], rule: Parameters<typeof chooseDevices>[1]): string {
  return [
    ...chooseDevices(
      found.map(device => device.name),
      rule,
    ),
  ].join(' ');
}
