import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { missing } from '@galileo/testkit';
import { pinned } from './pinned.ts';

/** A load generator that is compared with: 64 connections to an address for some seconds. */
interface Peer {
  readonly name: string;
  readonly isThere: boolean;
  command(url: string, seconds: number): readonly string[];
  /** Requests that were answered, by what it prints. */
  requests(output: string): number;
}

const peers: readonly Peer[] = [
  {
    name: 'wrk',
    isThere: !missing('wrk'),
    command: (url, seconds) => ['wrk', '-t1', '-c64', `-d${seconds}s`, url],
    requests: output => Number(/(\d+) requests in/.exec(output)?.[1]),
  },
  {
    name: 'hey',
    isThere: !missing('hey'),
    command: (url, seconds) => ['hey', '-z', `${seconds}s`, '-c', '64', '-cpus', '1', url],
    requests: output => Number(/\[200\]\s+(\d+) responses/.exec(output)?.[1]),
  },
  {
    name: 'autocannon',
    isThere: !missing('autocannon'),
    command: (url, seconds) => ['autocannon', '-c', '64', '-d', String(seconds), '--json', url],
    requests: output => (JSON.parse(/^\{.*\}$/m.exec(output)![0]) as { '2xx': number })['2xx'],
  },
];

/** The peers that are on this machine. */
export const installedPeers = peers.filter(({ isThere }) => isThere);

/** Runs a command with the shell's count of its CPU time behind its output, seconds. */
async function timed(command: readonly string[]): Promise<{ output: string; cpu: number }> {
  const script = '"$@" 2>&1; times';
  const child = spawn('bash', ['-c', script, 'bash', ...command], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', data => {
    output += data;
  });
  await once(child, 'close');
  // The last line holds user and system time of the shell's children: `0m1.234s 0m0.456s`.
  const spans = [
    ...output
      .trimEnd()
      .split('\n')
      .at(-1)!
      .matchAll(/(\d+)m([\d.]+)s/g),
  ];
  const cpu = spans.reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds), 0);
  return { output, cpu };
}

/**
 * CPU time per request on core 1, microseconds: of a long run less a short one, so that neither start nor warm-up counts.
 * @throws Error if the peer answers something that can't be read
 */
export async function cpuOfPeer({ name, command, requests }: Peer, url: string, seconds: number): Promise<number> {
  const run = async (span: number) => {
    const { output, cpu } = await timed(pinned(1, command(url, span)));
    const count = requests(output);
    if (!(count > 0)) throw new Error(`${name} did not tell how many requests were answered: ${output.slice(0, 500)}`);
    return { cpu, count };
  };
  const short = await run(1);
  const long = await run(1 + seconds);
  return ((long.cpu - short.cpu) / (long.count - short.count)) * 1e6;
}
