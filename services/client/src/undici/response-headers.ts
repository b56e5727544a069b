import type { Dispatcher } from 'undici';

type Raw = Dispatcher.DispatchController['rawHeaders'];

const text = (value: Buffer | string) => (typeof value === 'string' ? value : value.toString('latin1'));

/** The fields of an answer as they came: HTTP/1.1's in their case, those of HTTP/2 in lower case. */
export function* fieldsOf(raw: Raw): Generator<readonly [name: string, value: string]> {
  if (raw === null || raw === undefined) return;
  if (Array.isArray(raw)) {
    for (let i = 0; i < raw.length; i += 2) yield [text(raw[i]!), text(raw[i + 1]!)];
    return;
  }
  for (const [name, value] of Object.entries(raw)) {
    if (value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) yield [name, one];
  }
}
