// Brings a clone to the point where everything runs: dependencies, the pinned Node, generated protobuf code. Then it runs
// the program that its arguments name, if they do.
// Runs under any Node >= 20 without a single dependency, and takes milliseconds when there is nothing to do.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { launch, suffices, tooOld } from './launch.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const lockDirectory = join(root, '.setup-lock');
const stamps = {
  install: join(root, 'node_modules', '.galileo-install'),
  generate: join(root, 'libs', 'proto', 'src', '.stamp'),
};

function filesBelow(directory) {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

function fingerprint(files) {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}`);
  for (const file of files) hash.update(file.slice(root.length)).update('\0').update(readFileSync(file));
  return hash.digest('hex');
}

const isDone = (stamp, wanted) => existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted;

/** Runs a command; what it prints is shown only if it fails. */
function run(what, command, args, options = {}) {
  process.stderr.write(`setup: ${what}\n`);
  const started = Date.now();
  const result = spawnSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024, ...options });
  if (result.status !== 0) {
    process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}${result.error ? `${result.error.message}\n` : ''}`);
    process.stderr.write(`setup: ${what} failed\n`);
    process.exit(1);
  }
  process.stderr.write(`setup: done in ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
}

/** Is the process that holds the lock still there? */
function holderLives() {
  try {
    process.kill(Number(readFileSync(join(lockDirectory, 'pid'), 'utf8')), 0);
    return true;
  } catch (error) {
    // Without a pid file the holder is between two steps, or died there: believe it for ten seconds.
    if (error.code === 'ENOENT') return existsSync(lockDirectory) && Date.now() - statSync(lockDirectory).mtimeMs < 10_000;
    return error.code === 'EPERM';
  }
}

/** Lets one set-up of this clone run at a time. */
function withLock(action) {
  for (let waited = 0; ; waited++) {
    try {
      mkdirSync(lockDirectory);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      if (!holderLives()) {
        rmSync(lockDirectory, { recursive: true, force: true });
        continue;
      }
      if (waited === 0) process.stderr.write('setup: waiting for another set-up of this clone\n');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    }
  }
  const release = () => rmSync(lockDirectory, { recursive: true, force: true });
  const stop = () => process.exit(130);
  const signals = ['SIGINT', 'SIGTERM'];
  process.on('exit', release);
  for (const signal of signals) process.on(signal, stop);
  writeFileSync(join(lockDirectory, 'pid'), String(process.pid));
  action();
  release();
  // What is run next minds its signals itself, and a lock that exists then is somebody else's.
  process.off('exit', release);
  for (const signal of signals) process.off(signal, stop);
}

const npm = (...args) => {
  // The npm that runs this script, if one does: no other may be in the PATH of a person's shell.
  const cli = process.env.npm_execpath;
  return cli?.endsWith('.js') ? [process.execPath, [cli, ...args]] : ['npm', args];
};

const installInput = () => fingerprint([join(root, 'package-lock.json')]);
const generateInput = () =>
  fingerprint([join(root, 'tools', 'generate.mjs'), join(root, 'package-lock.json'), ...filesBelow(join(root, 'proto'))]);

const installed = () => isDone(stamps.install, installInput());
const generated = () => isDone(stamps.generate, generateInput());

if (!(installed() && generated())) {
  withLock(() => {
    if (!installed()) {
      run('installing dependencies and the pinned Node (npm ci)', ...npm('ci', '--no-audit', '--no-fund', '--loglevel=error'));
      writeFileSync(stamps.install, installInput());
    }
    if (!generated()) {
      const turbo = join(root, 'node_modules', '.bin', 'turbo');
      const env = {
        ...process.env,
        PATH: `${join(root, 'node_modules', '.bin')}:${process.env.PATH}`,
        TURBO_TELEMETRY_DISABLED: '1',
        DO_NOT_TRACK: '1',
      };
      run('generating code from proto/', turbo, ['run', 'generate', '--ui=stream', '--no-update-notifier'], { env });
      writeFileSync(stamps.generate, generateInput());
    }
  });
}

const pinned = join(root, 'node_modules', '.bin', 'node');
if (!existsSync(pinned) && !suffices(process.versions.node)) {
  process.stderr.write(`setup: ${tooOld(process.versions.node)}\n`);
  process.exit(1);
}

const [program, ...args] = process.argv.slice(2);
if (program !== undefined) launch(pathToFileURL(join(root, program)), args);
