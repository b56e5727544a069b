import { type DeviceCounters, deviceRates } from '../device-rates.ts';
import { diskRule } from '../devices.ts';
import type { InstrumentDefinition } from '../instrument.ts';
import { openKernelFile } from '../kernel-file.ts';
import { atEnd, readInteger, readWord, scan, skipFields, skipLine } from '../scanner.ts';

/** The kernel counts sectors of 512 bytes whatever the device's own are (Documentation/block/stat.rst). */
const sector = 512;

/** Parses /proc/diskstats (Documentation/admin-guide/iostats.rst): major, minor, name, then fields 1 to 20. @throws ParseError */
export function parseDisks(bytes: Uint8Array): DeviceCounters[] {
  const scanner = scan(bytes);
  const devices: DeviceCounters[] = [];
  while (!atEnd(scanner)) {
    readInteger(scanner);
    readInteger(scanner);
    const name = readWord(scanner);
    skipFields(scanner, 2);
    const read = readInteger(scanner);
    skipFields(scanner, 3);
    const written = readInteger(scanner);
    skipLine(scanner);
    devices.push({ name, incoming: read * sector, outgoing: written * sector });
  }
  return devices;
}

export const disk = {
  name: 'disk',
  doc: 'rd/DEV, wr/DEV: data read from and written to a block device, kB/s',
  period: '500ms',
  metrics: ['rd', 'wr'],
  open: ({ procRoot, sysRoot, clock, scratch, diskDevices }) =>
    deviceRates({
      file: openKernelFile(`${procRoot}/diskstats`, scratch),
      parse: parseDisks,
      rule: diskRule(sysRoot, diskDevices),
      clock,
      metrics: ['rd', 'wr'],
    }),
} as const satisfies InstrumentDefinition;
