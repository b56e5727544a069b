import { TextDecoder } from 'node:util';

/** The value of the field Content-Type among members of a JSON object; a quote within a name or a value has a backslash before it. */
const contentType = /"content-type": "((?:[^"\\]|\\.)*)"/i;
/** RFC 9110, section 8.3.1; quotes are escaped as in JSON. */
const parameter = /;\s*charset=(?:\\"([^"\\]+)\\"|([^\s;,"\\]+))/i;

/** What decodes a charset of the Encoding standard; UTF-8 for what is none. */
function decoderOf(charset: string | undefined): TextDecoder {
  if (charset === undefined) return new TextDecoder();
  try {
    return new TextDecoder(charset);
  } catch (error) {
    if (error instanceof RangeError) return new TextDecoder();
    throw error;
  }
}

/**
 * Text of a body as Galileo keeps it: stripped. It is read by the charset that the headers tell (as `encodeHeaderMembers` makes
 * them), without one as UTF-8. A character that the cap has cut in two is left out, what is none is replaced by U+FFFD.
 */
export function bodyText(body: Buffer, headers: string | null): string {
  const [, quoted, plain] = parameter.exec(contentType.exec(headers ?? '')?.[1] ?? '') ?? [];
  return decoderOf(quoted ?? plain)
    .decode(body, { stream: true })
    .trim();
}
