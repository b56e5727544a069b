import { expect, test } from 'vitest';
import { chooseTarget, type Target, type TargetFlags } from './config.ts';

const remote = (address: string, token?: string): Target => ({ kind: 'remote', address, token });
const local = (dataDir: string): Target => ({ kind: 'local', dataDir });

test.each<[string, TargetFlags, Record<string, string>, Target]>([
  ['without anything this machine is meant', {}, { XDG_DATA_HOME: '/x' }, local('/x/galileo')],
  ['the data directory comes from the environment', {}, { galileo_data_dir: '/d' }, local('/d')],
  ['a flag goes before it', { dataDir: '/f' }, { galileo_data_dir: '/d' }, local('/f')],
  ['an orchestrator comes from the environment', {}, { galileo_orchestrator: 'a:1', galileo_token: 't' }, remote('a:1', 't')],
  ['a flag goes before that too', { orchestrator: 'b:2' }, { galileo_orchestrator: 'a:1' }, remote('b:2')],
  ['--local overrules it', { local: true }, { galileo_orchestrator: 'a:1', galileo_data_dir: '/d' }, local('/d')],
  ['--data-dir as well', { dataDir: '/f' }, { galileo_orchestrator: 'a:1' }, local('/f')],
])('%s', (_, flags, env, target) => {
  expect(chooseTarget(flags, env)).toEqual(target);
});

test('a wrong address in the environment is named', () => {
  expect(() => chooseTarget({}, { galileo_orchestrator: 'nowhere' })).toThrow(
    /galileo_orchestrator: "nowhere" is not allowed; allowed: HOST:PORT/,
  );
});
