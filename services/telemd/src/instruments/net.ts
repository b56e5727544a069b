import { type DeviceCounters, deviceRates } from '../device-rates.ts';
import { networkRule } from '../devices.ts';
import type { InstrumentDefinition } from '../instrument.ts';
import { openKernelFile } from '../kernel-file.ts';
import { atEnd, readInteger, readWord, scan, skipFields, skipLine, unexpected } from '../scanner.ts';

const colon = 0x3a;

/** Parses /proc/net/dev: two lines of headings, then `name: bytes packets …` with the sent bytes in the ninth column. @throws ParseError */
export function parseNetworkDevices(bytes: Uint8Array): DeviceCounters[] {
  const scanner = scan(bytes);
  skipLine(scanner);
  skipLine(scanner);
  const devices: DeviceCounters[] = [];
  while (!atEnd(scanner)) {
    const name = readWord(scanner, colon);
    if (scanner.bytes[scanner.at] !== colon) throw unexpected(scanner, '":" after the device');
    // A long number leaves no blank after the colon.
    scanner.at += 1;
    const incoming = readInteger(scanner);
    skipFields(scanner, 7);
    const outgoing = readInteger(scanner);
    skipLine(scanner);
    devices.push({ name, incoming, outgoing });
  }
  return devices;
}

export const net = {
  name: 'net',
  doc: 'rx/DEV, tx/DEV: data received and sent by a network device, kB/s',
  period: '500ms',
  metrics: ['rx', 'tx'],
  open: ({ procRoot, sysRoot, clock, scratch, netDevices }) =>
    deviceRates({
      file: openKernelFile(`${procRoot}/net/dev`, scratch),
      parse: parseNetworkDevices,
      rule: networkRule(sysRoot, netDevices),
      clock,
      metrics: ['rx', 'tx'],
    }),
} as const satisfies InstrumentDefinition;
