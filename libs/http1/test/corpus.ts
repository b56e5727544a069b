import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Input } from './fuzzing.ts';

const folder = join(import.meta.dirname, 'corpus');

/** Reads the corpus: a file per input, called `<kind>-<answers>-<hash>.bin`. */
export function readCorpus(): Input[] {
  const files = readdirSync(folder).filter(file => file.endsWith('.bin'));
  return files.toSorted().map(file => {
    const [kind, answers] = file.split('-') as [Input['kind'], Input['answers']];
    return { kind, answers, text: readFileSync(join(folder, file), 'latin1') };
  });
}

/** Adds inputs to the corpus. The same bytes have the same name. */
export function keep(inputs: readonly Input[]): void {
  for (const { kind, answers, text } of inputs) {
    const bytes = Buffer.from(text, 'latin1');
    const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 12);
    writeFileSync(join(folder, `${kind}-${answers}-${hash}.bin`), bytes);
  }
}
