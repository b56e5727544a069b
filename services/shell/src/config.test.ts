import { expect, test } from 'vitest';
import { chooseRecorder, chooseTarget, type RecorderFlags, type Target, type TargetFlags } from './config.ts';

const remote = (address: string, token?: string): Target => ({ kind: 'remote', address, credentials: { token } });
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

test('certificates are read for an orchestrator elsewhere, and are none of the standalone’s business', () => {
  const env = { galileo_tls_cert: '/nowhere/cert', galileo_tls_key: '/nowhere/key', XDG_DATA_HOME: '/x' };
  expect(() => chooseTarget({ orchestrator: 'a:1' }, env)).toThrow(/galileo_tls_ca: is not set, while galileo_tls_cert and/);
  expect(chooseTarget({ local: true }, env)).toEqual(local('/x/galileo'));
});

test.each<[string, RecorderFlags, Record<string, string>, object]>([
  [
    'without anything the nearest recorder is meant',
    {},
    { galileo_data_dir: '/d' },
    { kind: 'nearest', dataDir: '/d', address: '127.0.0.1:50054' },
  ],
  ['a recorder comes from the environment', {}, { galileo_recorder: 'a:1', galileo_token: 't' }, remote('a:1', 't')],
  ['a flag goes before it', { recorder: 'b:2' }, { galileo_recorder: 'a:1' }, remote('b:2')],
  ['--local overrules it', { local: true }, { galileo_recorder: 'a:1', galileo_data_dir: '/d' }, local('/d')],
  ['--data-dir as well', { dataDir: '/f' }, { galileo_recorder: 'a:1' }, local('/f')],
  ['an orchestrator says nothing of it', { local: true }, { galileo_orchestrator: 'a:1', galileo_data_dir: '/d' }, local('/d')],
])('which recorder: %s', (_, flags, env, target) => {
  expect(chooseRecorder(flags, env)).toMatchObject(target);
});

test('certificates for the nearest recorder are read when it is not the standalone’s', () => {
  const found = chooseRecorder({}, { galileo_tls_cert: '/nowhere/cert', XDG_DATA_HOME: '/x' });
  expect(found.kind === 'nearest' && found.credentials).toThrow(/galileo_tls_key: is not set, while galileo_tls_cert is/);
});
