// Generates libs/proto/src from proto/: messages and services by ts-proto, and the descriptor set that gRPC reflection serves.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const protoDir = join(root, 'proto');
const bin = join(root, 'node_modules', '.bin');
const env = { ...process.env, PATH: `${bin}:${process.env.PATH ?? ''}` };
const buf = (...args) => execFileSync(join(bin, 'buf'), args, { cwd: protoDir, env, stdio: ['ignore', 'inherit', 'inherit'] });

buf('generate');
const scratch = mkdtempSync(join(tmpdir(), 'galileo-descriptor-'));
try {
  const file = join(scratch, 'set.binpb');
  buf('build', '--as-file-descriptor-set', '-o', file);
  const text = readFileSync(file).toString('base64');
  const lines = [
    '/** FileDescriptorSet of proto/, for gRPC reflection. Generated; do not edit. */',
    `export const descriptorSet: Uint8Array = Buffer.from('${text}', 'base64');`,
    '',
  ];
  writeFileSync(join(root, 'libs', 'proto', 'src', 'descriptor.ts'), lines.join('\n'));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
