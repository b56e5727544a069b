/**
 * Has the process run with these options of Node, which it must have from its start on: where it was started without them, it
 * starts its program anew in its place, under the same process id and with everything else as it was (30 ms). Where that can't be
 * done (Node before 22.15, Windows, a process that talks to its parent over a channel), it goes on without them. To be called
 * before anything is opened.
 * @param options each as one word, `--name=value`; one that was given under the same name stays, in `NODE_OPTIONS` too
 */
export function ensureNodeOptions(options: readonly string[]): void {
  const nameOf = (option: string) => option.split('=')[0]!.replaceAll('_', '-');
  const ofEnvironment = (process.env['NODE_OPTIONS'] ?? '').split(/\s+/);
  const given = new Set([...process.execArgv, ...ofEnvironment].map(nameOf));
  const missing = options.filter(option => !given.has(nameOf(option)));
  if (missing.length === 0 || process.execve === undefined || process.platform === 'win32' || process.channel != null) return;
  process.execve(process.execPath, [process.execPath, ...process.execArgv, ...missing, ...process.argv.slice(1)], process.env);
}
