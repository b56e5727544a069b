const pattern = /\$\{env:([^}]*)(\}?)/g;
const namePattern = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** A text with `${env:NAME}` in it, taken apart. */
export interface References {
  /** NAMEs in the order of the text. */
  readonly names: readonly string[];
  /** What is written in place of a reference and can't be one. */
  readonly malformed: readonly string[];
}

/** Does the text hold `${env:`? */
export function hasReference(text: string): boolean {
  return text.includes('${env:');
}

export function findReferences(text: string): References {
  const names: string[] = [];
  const malformed: string[] = [];
  for (const [whole, name, close] of text.matchAll(pattern)) {
    if (close === '}' && namePattern.test(name!)) names.push(name!);
    else malformed.push(whole);
  }
  return { names, malformed };
}

/** Puts in the values; a reference without a value stays as it is. */
export function resolveReferences(text: string, environment: Readonly<Record<string, string | undefined>>): string {
  return text.replace(pattern, (whole, name: string, close: string) => {
    if (close !== '}' || !Object.hasOwn(environment, name)) return whole;
    return environment[name] ?? whole;
  });
}
