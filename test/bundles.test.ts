// Each service starts alone from its one bundled file as its container will: not as root, from a read-only directory,
// under the oldest and the newest Node that are supported.
import { spawn } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LoadClientDefinition } from '@galileo/proto/client';
import { connect, waitForServing } from '@galileo/service';
import { startUpstream, type TemporaryDirectory, temporaryDirectory, until } from '@galileo/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundle } from '../tools/bundle.ts';
import { root } from '../tools/steps.ts';

const services = ['recorder', 'telemd', 'client', 'loadbalancer', 'orchestrator', 'standalone'];
const olderNode = join(root, '.cache', 'node22', 'node_modules', '.bin', 'node');
const runtimes = [
  { name: `Node ${process.versions.node}`, program: process.execPath, there: true },
  { name: 'Node 22 (npm run setup:servers)', program: olderNode, there: existsSync(olderNode) },
];

/** uid and gid that own nothing; only root can take them. */
const nobody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};

interface Started extends AsyncDisposable {
  readonly addresses: Record<string, string>;
  /** Sends SIGTERM; resolves with the exit code. */
  end(): Promise<number | null>;
}

/** Starts a bundled service and waits until it says that it is ready. */
async function start(program: string, file: string, env: Record<string, string>): Promise<Started> {
  const child = spawn(program, [file], {
    cwd: '/',
    env: { PATH: process.env.PATH, HOME: '/nonexistent', galileo_grpc_listen: '127.0.0.1:0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...nobody,
  });
  const exited = new Promise<number | null>(resolve => child.once('exit', resolve));
  let output = '';
  const addresses = await new Promise<Record<string, string>>((resolve, reject) => {
    const collect = (chunk: Buffer) => {
      output += chunk;
      for (const line of output.split('\n').slice(0, -1)) {
        if (!line.includes('"msg":"ready"')) continue;
        resolve((JSON.parse(line) as { addresses: Record<string, string> }).addresses);
      }
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.once('error', reject);
    exited.then(code => reject(new Error(`${file} ended with ${code}: ${output}`)));
  });
  const end = () => {
    child.kill('SIGTERM');
    return exited;
  };
  return {
    addresses,
    end,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** Has a client send what takes the packages that its bundle holds compressed. */
async function useWhatIsPacked(address: string): Promise<void> {
  const cookies: (string | undefined)[] = [];
  await using target = await startUpstream((request, response) => {
    cookies.push(request.headers.cookie);
    response.writeHead(200, { 'set-cookie': 'a=1' }).end();
  });
  using connection = connect(LoadClientDefinition, address);
  const { client } = connection;
  await client.setRoutes({ routes: [{ service: 'x', hosts: [target.address], weights: [1] }] });
  const { clients } = await client.createClients({ service: 'x', count: 1, request: { options: { cookies: true } } });
  await client.setWorkload({ clientId: clients[0]!.clientId, concurrency: 1, arrival: { requests: 2 } });
  await until('the answers', async () => (await client.listClients({})).clients[0]!.requests === 2);
  expect(cookies).toEqual([undefined, 'a=1']);
}

let bundles: TemporaryDirectory;
beforeAll(async () => {
  bundles = await temporaryDirectory();
  await Promise.all(services.map(name => bundle(name, join(bundles.path, `${name}.js`))));
}, 120_000);
afterAll(() => bundles[Symbol.asyncDispose]());

describe.each(runtimes)('under $name', ({ program, there }) => {
  test.skipIf(!there).each(services)('%s starts alone from its bundle, serves and stops', async name => {
    await using directory = await temporaryDirectory();
    chmodSync(directory.path, 0o755);
    const programs = join(directory.path, 'programs');
    const data = join(directory.path, 'data');
    mkdirSync(programs);
    mkdirSync(data);
    chmodSync(data, 0o777);
    for (const service of new Set([name, 'recorder'])) {
      copyFileSync(join(bundles.path, `${service}.js`), join(programs, `${service}.js`));
    }
    chmodSync(programs, 0o555);

    const store = { galileo_bus: 'direct', galileo_data_dir: data };
    await using recorder = await start(program, join(programs, 'recorder.js'), store);
    const env = {
      ...store,
      galileo_recorder: recorder.addresses['grpc']!,
      eb_go_lb_listen_port: '0',
      galileo_lb_listen_host: '127.0.0.1',
    };
    await using service = name === 'recorder' ? recorder : await start(program, join(programs, `${name}.js`), env);
    await waitForServing(service.addresses['grpc']!, 20);
    if (name === 'client') await useWhatIsPacked(service.addresses['grpc']!);
    expect(await service.end()).toBe(0);
    chmodSync(programs, 0o755);
  });

  test.skipIf(!there)('the client runs an app from its bundle', async () => {
    await using directory = await temporaryDirectory();
    chmodSync(directory.path, 0o755);
    const app = join(directory.path, 'pages');
    mkdirSync(app);
    writeFileSync(join(app, 'manifest.yml'), 'name: pages\n');
    const generator = "export const nextRequest = ({ counter }: { counter: number }) => ({ path: '/' + counter });";
    writeFileSync(join(app, 'generator.ts'), generator);
    const file = join(directory.path, 'client.js');
    copyFileSync(join(bundles.path, 'client.js'), file);
    await using service = await start(program, file, {
      galileo_bus: 'direct',
      galileo_trace_logging: 'none',
      galileo_router_type: 'DebugRouter',
      galileo_apps_dir: directory.path,
    });
    using connection = connect(LoadClientDefinition, service.addresses['grpc']!);
    const rpc = connection.client;
    const { clients } = await rpc.createClients({ service: 'a', count: 1, app: { name: 'pages' } });
    const process = { $case: 'distribution' as const, value: { name: 'constant', parameters: [0.001] } };
    await rpc.setWorkload({ clientId: clients[0]!.clientId, arrival: { process, requests: 50 }, seed: 1 });
    const status = async () => (await rpc.listClients({})).clients[0]!;
    await until('50 requests', async () => (await status()).requests === 50);
    expect(await status()).toMatchObject({ failed: 0, fault: '' });
  });
});
