// The rules of .dependency-cruiser.mjs do name what they forbid: each is broken once in a small tree of its own.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { temporaryDirectory } from '@galileo/testkit';
import { expect, test } from 'vitest';
import { environment, root } from '../tools/steps.ts';

const allowed: Readonly<Record<string, string>> = {
  'libs/wire/src/index.ts': 'export const line = 1;\nexport type Line = typeof line;\n',
  'libs/wire/src/trace.ts': 'export const trace = 1;\n',
  'libs/testkit/src/index.ts': 'export const until = 1;\n',
  'services/client/src/service.ts': "import { line } from '../../../libs/wire/src/index.ts';\nexport const startClient = line;\n",
  'services/client/src/pacer.ts': 'export const pacer = 1;\n',
  'services/client/src/rpc.ts': "import { pacer } from './pacer.ts';\nexport const rpc = pacer;\n",
  'services/recorder/src/service.ts': 'export const startRecorder = 1;\n',
  'services/recorder/src/intake.ts': 'export const intake = 1;\n',
  'services/recorder/src/main.ts': "import { startRecorder } from './service.ts';\nstartRecorder;\n",
  'services/standalone/src/service.ts': "import { startRecorder } from '../../recorder/src/service.ts';\nstartRecorder;\n",
};

/** File with a forbidden import, and the rule that must name it. */
const forbidden: readonly (readonly [file: string, rule: string, text: string])[] = [
  [
    'libs/wire/src/upwards.ts',
    'libs-do-not-import-services',
    "import type { rpc } from '../../../services/client/src/rpc.ts';\nexport type X = typeof rpc;\n",
  ],
  [
    'services/client/src/sideways.ts',
    'no-service-imports-another',
    "import { startRecorder } from '../../recorder/src/service.ts';\nstartRecorder;\n",
  ],
  [
    'services/standalone/src/deep.ts',
    'standalone-composes-three-services-through-their-start',
    "import { intake } from '../../recorder/src/intake.ts';\nintake;\n",
  ],
  ['services/recorder/src/from-main.ts', 'only-main-reads-the-process', "import './main.ts';\n"],
  ['services/client/src/main.ts', 'main-knows-config-and-service-only', "import { pacer } from './pacer.ts';\npacer;\n"],
  ['services/client/src/domain.ts', 'rpc-is-used-by-the-composition-root-alone', "import { rpc } from './rpc.ts';\nrpc;\n"],
  [
    'services/client/src/into-a-lib.ts',
    'nothing-reaches-into-a-lib',
    "import { trace } from '../../../libs/wire/src/trace.ts';\ntrace;\n",
  ],
  [
    'services/client/src/product.ts',
    'no-test-code-in-the-product',
    "import { until } from '../../../libs/testkit/src/index.ts';\nuntil;\n",
  ],
  ['libs/wire/src/nowhere.ts', 'not-resolvable', "import { gone } from './gone.ts';\ngone;\n"],
  ['libs/wire/src/circle.ts', 'no-cycles', "import './circle.ts';\n"],
];

function cruise(directory: string, files: Readonly<Record<string, string>>) {
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, file)), { recursive: true });
    writeFileSync(join(directory, file), text);
  }
  for (const file of ['.dependency-cruiser.mjs', 'tsconfig.json', 'tsconfig.base.json', 'package.json'])
    cpSync(join(root, file), join(directory, file));
  const args = ['--config', '.dependency-cruiser.mjs', '--output-type', 'json', 'libs', 'services'];
  const result = spawnSync('depcruise', args, { cwd: directory, env: environment, encoding: 'utf8' });
  const { summary } = JSON.parse(result.stdout) as { summary: { violations: { from: string; rule: { name: string } }[] } };
  return summary.violations.map(({ from, rule }) => `${rule.name}: ${from}`);
}

test('imports that run the right way are let through', async () => {
  await using directory = await temporaryDirectory();
  expect(cruise(directory.path, allowed)).toEqual([]);
});

test('each import that runs the wrong way is named by its rule', async () => {
  await using directory = await temporaryDirectory();
  const files = { ...allowed, ...Object.fromEntries(forbidden.map(([file, , text]) => [file, text])) };
  const found = cruise(directory.path, files);
  for (const [file, rule] of forbidden) expect(found).toContain(`${rule}: ${file}`);
});
