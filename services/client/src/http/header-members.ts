import type { Head } from '@galileo/http1';
import { encodeHeaderMembers } from '@galileo/wire';

/** What JSON can't hold as it is, or what isn't ASCII. */
const special = /["\\]|[^ -~]/;
/** Names that begin so are reserved. */
const reserved = /^galileo-/im;

/**
 * Response headers in their original case. Several fields of one name, in any case, are joined by commas (RFC 9110
 * section 5.3) under the first one's spelling.
 */
export function headerRecord(found: Iterable<readonly [name: string, value: string]>): Record<string, string> {
  const fields = new Map<string, [name: string, value: string]>();
  for (const [name, value] of found) {
    const key = name.toLowerCase();
    const field = fields.get(key);
    if (field === undefined) fields.set(key, [name, value]);
    else field[1] += `, ${value}`;
  }
  return Object.fromEntries(fields.values());
}

function* fieldsOf(head: Head): Generator<readonly [name: string, value: string]> {
  for (let i = 0; i < head.count; i++) yield [head.name(i), head.value(i)];
}

/** Are there two fields of one name? */
function hasRepeated({ bytes, base, places, count }: Head): boolean {
  for (let i = 1; i < count; i++) {
    const start = places[4 * i]!;
    const length = places[4 * i + 1]! - start;
    for (let k = 0; k < i; k++) {
      const other = places[4 * k]!;
      if (places[4 * k + 1]! - other !== length) continue;
      // Same length, and the same first and last letter but for the case: near enough to look closer.
      const first = bytes[base + start]! ^ bytes[base + other]!;
      const last = bytes[base + start + length - 1]! ^ bytes[base + other + length - 1]!;
      if ((first | 0x20) === 0x20 && (last | 0x20) === 0x20) return true;
    }
  }
  return false;
}

/** The response headers as members of a JSON object, as `encodeHeaderMembers` makes them. */
function headerMembers(head: Head): string {
  const { places, count, base } = head;
  if (count === 0) return '';
  // One text of all, and pieces of it: far fewer calls out of JavaScript than a text per name and value.
  const text = head.bytes.toString('latin1', base, base + head.length);
  const begin = places[0]!;
  const end = places[4 * count - 1]!;
  const fields = text.slice(begin, end);
  const lines = count - 1;
  if (special.test(fields.replaceAll('\r\n', '')) || reserved.test(fields) || hasRepeated(head)) {
    return encodeHeaderMembers(headerRecord(fieldsOf(head)));
  }
  let members = '';
  for (let i = 0; i <= lines; i++) {
    const at = 4 * i;
    const separator = i === 0 ? '"' : ', "';
    members += `${separator}${text.slice(places[at]!, places[at + 1]!)}": "${text.slice(places[at + 2]!, places[at + 3]!)}"`;
  }
  return members;
}

/**
 * Makes what encodes the headers of one target's answers. Heads that are the same, byte for byte, as the one before are encoded
 * once: most servers change theirs once a second, with the date.
 */
export function createHeaderEncoder(): (head: Head) => string {
  let bytes = Buffer.alloc(0);
  let length = -1;
  let members = '';
  return head => {
    const { base } = head;
    if (head.length === length && head.bytes.compare(bytes, 0, length, base, base + length) === 0) return members;
    members = headerMembers(head);
    length = head.length;
    if (bytes.length < length) bytes = Buffer.allocUnsafeSlow(2 * length);
    head.bytes.copy(bytes, 0, base, base + length);
    return members;
  };
}
