import type { Problem } from './problem.ts';
import { requestsOf } from './request-files.ts';
import type { Source } from './source.ts';

const reference = /^\$\{env:[^}]*\}$/;

/** Private keys that stand in the file, where they would be stored with it. */
export function writtenKeys(source: Source): Problem[] {
  return requestsOf(source).flatMap(({ path }) => {
    const key = [...path, 'tls', 'key'];
    const written = source.textAt(key);
    if (written === undefined || reference.test(written)) return [];
    return [
      source.problemAt(key, `found a text of its own; allowed: \${env:NAME}, so that no private key is stored with this file`),
    ];
  });
}
