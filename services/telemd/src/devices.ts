import { existsSync } from 'node:fs';
import { Unavailable } from './instrument.ts';

/**
 * Which devices are reported. Named ones, or else the physical ones: those with a `device` link in sysfs. That leaves
 * out what would count the same bytes twice (bridges, veth pairs, tunnels; loop, zram, device mapper, md, partitions).
 * Where nothing is physical (in a container, or without sysfs) it is every device that is not `ignored`.
 */
export interface DeviceRule {
  /** For messages: `network device`. */
  readonly kind: string;
  /** Names that a person asked for; empty means the rule. */
  readonly wanted: readonly string[];
  isPhysical(name: string): boolean;
  /** Never reported unless wanted: loopback and the like. */
  isIgnored(name: string): boolean;
}

export function networkRule(sysRoot: string, wanted: readonly string[]): DeviceRule {
  return {
    kind: 'network device',
    wanted,
    isPhysical: name => existsSync(`${sysRoot}/class/net/${name}/device`),
    isIgnored: name => name === 'lo',
  };
}

export function diskRule(sysRoot: string, wanted: readonly string[]): DeviceRule {
  return {
    kind: 'block device',
    wanted,
    // The kernel writes a slash in a device's name (cciss/c0d0) as `!` in sysfs.
    isPhysical: name => existsSync(`${sysRoot}/block/${name.replaceAll('/', '!')}/device`),
    isIgnored: name => /^(loop|ram|zram)\d+$/.test(name),
  };
}

/** @throws Unavailable if none of the devices is to be reported, naming those that there are */
export function chooseDevices(names: readonly string[], rule: DeviceRule): ReadonlySet<string> {
  const chosen = choose(names, rule);
  if (chosen.length > 0) return new Set(chosen);
  const sought = rule.wanted.length > 0 ? rule.wanted.join(' ') : 'but ignored ones';
  throw new Unavailable(`no ${rule.kind} ${sought}; there are: ${names.join(' ') || 'none'}`);
}

function choose(names: readonly string[], rule: DeviceRule): readonly string[] {
  if (rule.wanted.length > 0) return names.filter(name => rule.wanted.includes(name));
  const physical = names.filter(rule.isPhysical);
  return physical.length > 0 ? physical : names.filter(name => !rule.isIgnored(name));
}

/** Chooses anew only when devices come or go, so that sysfs is not asked at each reading. */
export function createDeviceFilter(rule: DeviceRule): (names: readonly string[]) => ReadonlySet<string> {
  let known: readonly string[] | undefined;
  let chosen: ReadonlySet<string> = new Set();
  return names => {
    if (known?.length !== names.length || !names.every((name, index) => name === known?.[index])) {
      known = undefined;
      chosen = chooseDevices(names, rule);
      known = names;
    }
    return chosen;
  };
}
