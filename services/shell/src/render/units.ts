// How figures are written for people. All of them take the base unit (seconds, bytes, cores) and give a dash for what isn't a number.

export const nothing = '-';

/** 1234 -> `1,234`. */
export function count(value: number): string {
  return Number.isFinite(value) ? Math.round(value).toLocaleString('en-US') : nothing;
}

/** A latency: milliseconds with two decimals (three below a tenth of one), seconds from 10 s on. */
export function latency(seconds: number): string {
  if (!Number.isFinite(seconds)) return nothing;
  if (Math.abs(seconds) >= 10) return `${grouped(seconds)} s`;
  const milliseconds = seconds * 1000;
  return `${milliseconds !== 0 && Math.abs(milliseconds) < 0.095 ? milliseconds.toFixed(3) : grouped(milliseconds)} ms`;
}

function grouped(value: number): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}

/** A span as one says it: `850 ms`, `20.0 s`, `3 min 20 s`, `2 h 05 min`. */
export function span(seconds: number): string {
  if (!Number.isFinite(seconds)) return nothing;
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')} min`;
}

/** Memory: `61.2 MB`, decimal as in thresholds. */
export function bytes(value: number): string {
  if (!Number.isFinite(value)) return nothing;
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let scaled = value;
  let unit = 0;
  while (Math.abs(scaled) >= 999.95 && unit < units.length - 1) {
    scaled /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? Math.round(scaled) : scaled.toFixed(1)} ${units[unit]}`;
}

/** CPU: `0.41 cores`. */
export function cores(value: number): string {
  return Number.isFinite(value) ? `${value.toFixed(2)} cores` : nothing;
}

/** A fraction as a percentage with one decimal; two below 1 %, so that few errors don't read as none. */
export function percent(fraction: number): string {
  if (!Number.isFinite(fraction)) return nothing;
  const value = fraction * 100;
  return `${value !== 0 && Math.abs(value) < 1 ? value.toFixed(2) : value.toFixed(1)} %`;
}

/** A point in time in local time: `2026-03-01 14:05:09`; a dash for 0. */
export function instant(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds === 0) return nothing;
  const date = new Date(seconds * 1000);
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
