import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { waitForServing } from '@galileo/service';
import { missing, startProgram, startRedis, startUpstream, until } from '@galileo/testkit';
import { expect, it } from 'vitest';
import { startWorker } from './worker.ts';

/** A Python in which edgerun-galileo 0.10.4, the original's last release, is installed. */
const python = process.env['GALILEO_ORIGINAL_PYTHON'] ?? 'python3';
const isThere = spawnSync(python, ['-c', 'import galileo.shell.shell']).status === 0;

it.skipIf(!isThere || missing('redis-server'))(
  "the original's controller drives two workers (needs redis-server, and GALILEO_ORIGINAL_PYTHON with edgerun-galileo)",
  { timeout: 120_000 },
  async () => {
    const held: (() => void)[] = [];
    const bodies = new Set<string>();
    await using upstream = await startUpstream((request, response) => {
      if (request.url === '/held') held.push(() => response.end());
      else if (request.url === '/missing') response.writeHead(404).end();
      else
        request
          .on('data', (data: Buffer) => bodies.add(`${request.method} ${request.url} ${data}`))
          .on('end', () => response.end());
    });
    await using redis = await startRedis();
    const start = (name: string) =>
      startWorker({
        galileo_bus: 'redis',
        galileo_worker_name: name,
        galileo_zone: name,
        galileo_redis_host: redis.host,
        galileo_redis_port: String(redis.port),
      });
    await using a = await start('a');
    await using _b = await start('b');
    await until('both to register', async () => (await redis.client().scard('galileo:workers')) === 2);
    const script = fileURLToPath(new URL('fixtures/original_controller.py', import.meta.url));
    await using controller = await startProgram([python, script, String(redis.port), upstream.address]);
    await controller.untilOutput(/"held", null/, 60);
    await until('what is held', () => held.length === 2);
    redis.pause();
    for (const end of held) end();
    await until(
      'the worker to miss Redis',
      () =>
        waitForServing(a.address, 0.1).then(
          () => false,
          () => true,
        ),
      20,
    );
    redis.resume();
    await controller.untilOutput(/"end", null/, 30);
    const lines = controller
      .output()
      .split('\n')
      .filter(line => line.startsWith('['));
    const counts = (requests: number) => ['a:svc:0', 'a:svc:1', 'b:svc:0', 'b:svc:1'].map(id => [id, requests, 0]);
    const added = ['a:svc:0', 'a:svc:1', 'a:svc:2', 'b:svc:0', 'b:svc:1', 'b:svc:2'];
    expect(lines.map(line => JSON.parse(line))).toEqual([
      ['workers', ['a', 'b']],
      ['ping', ['a', 'b']],
      ['zones', ['a', 'b']],
      ['discover', 2],
      ['spawn', ['a:svc:0', 'a:svc:1', 'b:svc:0', 'b:svc:1']],
      ['infos before', counts(0)],
      ['infos after', counts(5)],
      ['drawn', counts(8)],
      ['added', added],
      ['labelled', ['b:svc:3', 'b:svc:4']],
      [
        'failed',
        [
          ['b:svc:3', 2, 2],
          ['b:svc:4', 2, 2],
        ],
      ],
      ['close', added],
      ['clients', ['b:svc:3', 'b:svc:4']],
      ['tracing', [2, 2]],
      ['refused', 'RemoteInvocationError'],
      ['held', null],
      ['held is done', true],
      ['end', null],
    ]);
    expect([...bodies]).toEqual(['POST /p {"a": 1}']);
  },
);
