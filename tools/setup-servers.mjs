// Installs what the tests use when it is there: a second Node for the smoke tests of the bundles, and on Debian or
// Ubuntu, for root, real servers by apt. Tests whose server is missing are skipped by name.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Debian packages and the program that shows that one is there. */
const packages = [
  { name: 'procps', program: 'ps' },
  { name: 'redis-server', program: 'redis-server' },
  { name: 'redis-tools', program: 'redis-cli' },
  { name: 'etcd-server', program: 'etcd' },
  { name: 'etcd-client', program: 'etcdctl' },
  { name: 'kubernetes-client', program: 'kubectl' },
];

/** The oldest Node that the containers run on. */
export const olderNode = { version: '22.23.3', directory: join(root, '.cache', 'node22') };

function installOlderNode() {
  const file = join(olderNode.directory, 'node_modules', '.bin', 'node');
  if (existsSync(file)) return;
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) {
    console.log(`setup:servers: no Node 22 for ${process.platform}-${process.arch}; its smoke tests will be skipped`);
    return;
  }
  mkdirSync(olderNode.directory, { recursive: true });
  writeFileSync(join(olderNode.directory, 'package.json'), '{"private":true}\n');
  const name = `node-linux-${process.arch}@${olderNode.version}`;
  const args = ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error', '--no-package-lock', name];
  const result = spawnSync('npm', args, { cwd: olderNode.directory, stdio: 'inherit' });
  if (result.status !== 0) throw new Error(`npm could not install ${name}`);
  console.log(`setup:servers: Node ${olderNode.version} installed`);
}

const inPath = program => (process.env.PATH ?? '').split(':').some(directory => existsSync(join(directory, program)));

function installPackages() {
  const missing = packages.filter(entry => !inPath(entry.program)).map(entry => entry.name);
  if (missing.length === 0) {
    console.log('setup:servers: everything is there');
    return;
  }
  const line = `apt-get install -y ${missing.join(' ')}`;
  if (process.getuid?.() !== 0 || !inPath('apt-get')) {
    console.log(`setup:servers: this needs root on Debian or Ubuntu; there it runs: ${line}`);
    process.exitCode = 1;
    return;
  }
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [
    ['update', '-q'],
    ['install', '-y', '-q', '--no-install-recommends', ...missing],
  ]) {
    const result = spawnSync('apt-get', args, { stdio: 'inherit', env });
    if (result.status !== 0) throw new Error(`apt-get ${args.join(' ')} failed`);
  }
}

installOlderNode();
installPackages();
