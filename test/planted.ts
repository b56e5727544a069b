// Secrets that a test plants, and the search for them in what a run leaves.
import { createHash } from 'node:crypto';

/** A secret that can be recognised wherever it turns up. */
export interface Planted {
  readonly name: string;
  readonly value: string;
  /** The part of it that looks the same in a URL, in JSON and in a shell. */
  readonly letters: string;
}

/** A secret that follows from a seed. */
export function plant(name: string, seed: number): Planted {
  const letters = createHash('sha256').update(`${name} ${seed}`).digest('hex').slice(0, 24);
  return { name, letters, value: `${letters}+/%"=` };
}

/** The middle of what base64 makes of a text, for each of the three places where it may begin. */
function base64Forms(text: string): string[] {
  return [0, 1, 2].map(shift => {
    const encoded = Buffer.from('x'.repeat(shift) + text).toString('base64');
    // The characters at both ends depend on what stands beside the text.
    return encoded.slice(shift === 0 ? 0 : 4, -4).slice(0, 24);
  });
}

/** How a text may be written: as it is (also in a URL), in base64, in hexadecimal, and as Node shows buffers. */
function formsOf(text: string): readonly (readonly [how: string, form: string])[] {
  const bytes = [...Buffer.from(text)];
  const hex = bytes.map(byte => byte.toString(16).padStart(2, '0'));
  return [
    ['plain', text],
    ...base64Forms(text).flatMap(form => [
      ['base64', form] as const,
      ['base64url', form.replaceAll('+', '-').replaceAll('/', '_')] as const,
    ]),
    ['hexadecimal', hex.join('')],
    ['a buffer', hex.join(' ')],
    ['an array of bytes', bytes.join(',')],
  ];
}

/** Finds secrets in texts. @returns `<place>: <name>, <form>` for each */
export function findPlanted(left: ReadonlyMap<string, string>, secrets: readonly Planted[]): string[] {
  const wanted = secrets.flatMap(({ name, letters }) => formsOf(letters).map(([how, form]) => ({ name, how, form })));
  return [...left].flatMap(([place, text]) =>
    wanted.filter(({ form }) => text.includes(form)).map(({ name, how }) => `${place}: ${name}, ${how}`),
  );
}
