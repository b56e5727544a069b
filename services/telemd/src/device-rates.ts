import type { Clock } from '@galileo/service';
import { createDeviceFilter, type DeviceRule } from './devices.ts';
import type { Instrument } from './instrument.ts';
import type { KernelFile } from './kernel-file.ts';

/** Counters of one device since it came up. */
export interface DeviceCounters {
  readonly name: string;
  /** Bytes received or read. */
  readonly incoming: number;
  /** Bytes sent or written. */
  readonly outgoing: number;
}

interface Before {
  readonly at: number;
  readonly counters: DeviceCounters;
}

/**
 * What both kinds of devices have in common: rates in kB/s (1000 bytes, as in the original) over the time that really
 * passed. A device's first reading gives no rate, nor does one whose counters have fallen: they were reset or have
 * wrapped, and what happened in between is unknown.
 */
export function deviceRates(options: {
  readonly file: KernelFile;
  readonly parse: (bytes: Uint8Array) => readonly DeviceCounters[];
  readonly rule: DeviceRule;
  readonly clock: Clock;
  readonly metrics: readonly [incoming: string, outgoing: string];
}): Instrument {
  const { file, parse, clock } = options;
  const [incoming, outgoing] = options.metrics;
  const filter = createDeviceFilter(options.rule);
  let before = new Map<string, Before>();
  return {
    read(emit) {
      const bytes = file.read();
      const at = clock.now();
      const devices = parse(bytes);
      const chosen = filter(devices.map(device => device.name));
      const now = new Map<string, Before>();
      for (const counters of devices) {
        if (!chosen.has(counters.name)) continue;
        now.set(counters.name, { at, counters });
        const last = before.get(counters.name);
        if (last === undefined || at <= last.at) continue;
        const received = counters.incoming - last.counters.incoming;
        const sent = counters.outgoing - last.counters.outgoing;
        if (received < 0 || sent < 0) continue;
        const elapsed = at - last.at;
        emit(at, incoming, counters.name, received / 1000 / elapsed);
        emit(at, outgoing, counters.name, sent / 1000 / elapsed);
      }
      before = now;
    },
    [Symbol.dispose]: () => file[Symbol.dispose](),
  };
}
