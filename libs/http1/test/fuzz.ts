// Random requests and responses for the parser, with node's as what it is compared with. `--seconds N` (10), `--seed S` (by the
// clock), `--keep` adds inputs with a new outcome to the corpus, `--out DIR` is where inputs of findings go. Ends with 1 if there are any.
import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { keep, readCorpus } from './corpus.ts';
import { fuzz } from './fuzzing.ts';

const { values: options } = parseArgs({
  options: { seconds: { type: 'string' }, seed: { type: 'string' }, keep: { type: 'boolean' }, out: { type: 'string' } },
});
const seed = Number(options.seed ?? Date.now() % 2 ** 31);
const seconds = Number(options.seconds ?? 10);
const out = options.out ?? join(tmpdir(), 'http1-findings');
const begin = performance.now();
const goesOn = () => performance.now() - begin < 1000 * seconds;
const result = await fuzz({ seed, corpus: readCorpus(), goesOn });
const rate = Math.round(result.executions / ((performance.now() - begin) / 1000));
for (const [i, { input, what }] of result.findings.entries()) {
  mkdirSync(out, { recursive: true });
  const file = join(out, `${input.kind}-${input.answers}-${seed}-${i}.bin`);
  writeFileSync(file, Buffer.from(input.text, 'latin1'));
  console.log(`finding in ${file}: ${input.kind} ${input.answers} ${JSON.stringify(input.text)}\n  ${what}`);
}
if (options.keep) keep(result.fresh);
console.log(`both alike ${result.agreed}`);
console.log(`stricter than node: ${JSON.stringify(result.refusedByUs)}`);
console.log(`named differences: ${JSON.stringify(result.refusedByNode)}`);
const kept = options.keep ? 'kept' : 'not kept';
console.log(`${result.fresh.length} inputs with a new outcome (${kept})`);
console.log(`seed ${seed}: ${result.executions} executions, ${rate}/s, ${result.findings.length} findings`);
process.exitCode = result.findings.length > 0 ? 1 : 0;
