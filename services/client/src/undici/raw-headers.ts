/**
 * Response headers in their original case. Several fields of one name, in any case, are joined by commas (RFC 9110
 * section 5.3) under the first one's spelling.
 */
export function headerRecord(raw: readonly Buffer[]): Record<string, string> {
  const fields = new Map<string, [name: string, value: string]>();
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i]!.toString('latin1');
    const value = raw[i + 1]!.toString('latin1');
    const key = name.toLowerCase();
    const field = fields.get(key);
    if (field === undefined) fields.set(key, [name, value]);
    else field[1] += `, ${value}`;
  }
  return Object.fromEntries(fields.values());
}
