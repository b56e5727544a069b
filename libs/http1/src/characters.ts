/*
 * What bytes may stand where, as bits of one table, so that the parsers look each byte up once.
 */

/** RFC 9110, section 5.6.2: `tchar`, of which methods and field names are made. */
export const tokenBit = 1;
/** RFC 9110, section 5.5: what a field value holds beside white space around it: VCHAR, obs-text, SP, HTAB. */
export const valueBit = 2;
/** VCHAR without obs-text: what a request target is made of. Which of its forms it has is the reader's question. */
export const targetBit = 4;

const tokenCharacters = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

function classesOf(byte: number): number {
  const visible = byte > 0x20 && byte < 0x7f;
  const inValue = visible || byte >= 0x80 || byte === 0x20 || byte === 0x09;
  const inToken = visible && tokenCharacters.includes(String.fromCharCode(byte));
  return (inToken ? tokenBit : 0) | (inValue ? valueBit : 0) | (visible ? targetBit : 0);
}

/** Of each byte the bits of the classes that it is in. */
export const classes: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => classesOf(byte));

/** Of each byte its value as a hexadecimal digit; 255 if it is none. */
export const hexValues: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => {
  const value = '0123456789abcdef'.indexOf(String.fromCharCode(byte).toLowerCase());
  return value < 0 || byte >= 0x80 ? 255 : value;
});
