// Starts a TypeScript program under a Node that can run it: this one, or the one that the project pins.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const pinned = fileURLToPath(new URL('../node_modules/.bin/node', import.meta.url));

/** Can this version of Node run TypeScript, and has it all that the services need? */
export function suffices(version) {
  const [major, minor] = version.split('.').map(Number);
  return major >= 24 || (major === 22 && minor >= 19);
}

/** What to tell a person whose Node is too old and whose platform has no pinned one. */
export function tooOld(version) {
  return `Node ${version} is too old and this platform (${process.platform}-${process.arch}) has no pinned Node; install Node 24, or 22.19 or later of 22`;
}

/**
 * Runs `program` (a URL) in this process, or in a child under the pinned Node that gets its signals and gives its exit code.
 * The shell of an npm script is no help there: it goes on with the Node that it found before the pinned one was installed.
 */
export function launch(program, args = process.argv.slice(2)) {
  if (suffices(process.versions.node)) {
    process.argv = [process.argv[0], fileURLToPath(program), ...args];
    import(program.href);
    return;
  }
  if (!existsSync(pinned)) {
    console.error(tooOld(process.versions.node));
    process.exitCode = 1;
    return;
  }
  const child = spawn(pinned, [fileURLToPath(program), ...args], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0);
  });
}
