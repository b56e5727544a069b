/** A field name to compare with: its bytes in lower case. */
export interface FieldName {
  readonly text: string;
  readonly bytes: Uint8Array;
}

/** Makes a field name to compare with. @throws TypeError if it is no lower-case ASCII text. */
export function fieldName(text: string): FieldName {
  if (!/^[!-@[-~]+$/.test(text)) throw new TypeError(`field name ${JSON.stringify(text)} is not in lower-case ASCII`);
  return { text, bytes: Buffer.from(text, 'latin1') };
}

/** Are these bytes that text, whatever the case of their letters? `expected` must be in lower case. */
export function equalsIgnoringCase(bytes: Uint8Array, start: number, end: number, expected: Uint8Array): boolean {
  const { length } = expected;
  if (end - start !== length) return false;
  for (let i = 0; i < length; i++) {
    const byte = bytes[start + i]!;
    const wanted = expected[i]!;
    if (byte !== wanted && (byte < 0x41 || byte > 0x5a || byte + 0x20 !== wanted)) return false;
  }
  return true;
}
