import { access, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startUpstream, type TemporaryDirectory, until } from '@galileo/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { appsDirectory } from './apps-directory.ts';
import { startWorker, type Worker } from './worker.ts';
import { zipOf } from './zip.ts';

const generators = {
  shop: `
    import { readFileSync } from 'node:fs';
    import type {} from 'node:fs';
    interface Context { counter: number; clientId: string; random(): number; parameters: { item?: string }; [key: string]: unknown }
    export function nextRequest(context: Context) {
      const { name, path, manifest, parameters, clientId, service, counter } = context;
      const manifestIsThere = readFileSync(path + '/manifest.yml', 'utf8').length > 0;
      return {
        method: 'post', path: '/buy', query: { counter, client: clientId, draw: context.random() },
        headers: { 'X-Item': parameters.item },
        json: { name, manifest, parameters, service, manifestIsThere },
      };
    }`,
  list: "export const nextRequest = async ({ counter }) => ['get', '/list', { params: { n: counter }, headers: { 'X-A': 'b' } }];",
  bytes: "export const nextRequest = ({ counter }) => ({ method: 'PUT', path: '/b', body: new Uint8Array([counter, 255]) });",
  throws:
    "export const nextRequest = ({ counter }) => { if (counter === 4) throw new Error('out of stock'); return { path: '/t' }; };",
  nonsense: "export const nextRequest = ({ counter }) => (counter < 3 ? { path: '/n' } : { path: 'no slash' });",
  wrong: 'export const nextRequest = () => 42;',
  follows: "export const nextRequest = () => ['get', '/f', { allow_redirects: true }];",
  never: "export const nextRequest = ({ counter }) => (counter < 3 ? { path: '/v' } : new Promise(() => {}));",
  spins: `
    export const nextRequest = ({ clientId, counter }) => {
      while (counter === 4 && clientId.endsWith('0'));
      return { path: '/s', query: { client: clientId, counter } };
    };`,
  micro: `export const nextRequest = async ({ counter }) => { while (counter > 1) await null; return { path: '/m' }; };`,
  exits: "export const nextRequest = ({ counter }) => { if (counter === 3) process.exit(7); return { path: '/e' }; };",
  later: "setTimeout(() => { throw new Error('too late'); }, 100); export const nextRequest = () => ({ path: '/l' });",
  hog: 'const kept = []; export const nextRequest = () => { for (;;) kept.push(new Array(1e6).fill(Math.random())); };',
  prints: "export const nextRequest = () => { console.log('hello'); return {}; };",
  meddles: `
    import { parentPort, workerData } from 'node:worker_threads';
    export const nextRequest = () => {
      parentPort.postMessage('nonsense');
      parentPort.postMessage({ kind: 'made', made: 1 });
      const found = Object.keys(process.env).filter(name => name.startsWith('galileo_'));
      return { path: '/x', query: { found: found.join(), data: Object.keys(workerData).join() } };
    };`,
  syntax: 'export const nextRequest = (',
  silent: 'export const other = 1;',
  loops: 'while (true); export const nextRequest = () => ({});',
  awaits: 'await new Promise(() => {}); export const nextRequest = () => ({});',
};

interface Received {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

let apps: TemporaryDirectory;
let worker: Worker;
let upstream: Awaited<ReturnType<typeof startUpstream>>;
let received: Received[] = [];

const at = (path: string) => received.filter(({ url }) => url.pathname === path);

async function create(name: string, fields: { count?: number; parameters?: object; seeds?: number[]; service?: string } = {}) {
  const { count = 1, parameters = {}, seeds = [], service = 'svc' } = fields;
  const app = { name, parametersJson: JSON.stringify(parameters), seeds };
  const { clients } = await worker.rpc.createClients({ service, count, app });
  return clients.map(({ clientId }) => clientId);
}

async function statusOf(id: string) {
  const { clients } = await worker.rpc.listClients({ pageSize: 1000 });
  return clients.find(({ description }) => description?.clientId === id)!;
}

const faultOf = (id: string) => until(`a fault of ${id}`, async () => (await statusOf(id)).fault);
const doneBy = (id: string, requests: number) =>
  until(`${requests} requests of ${id}`, async () => (await statusOf(id)).requests >= requests);

beforeAll(async () => {
  apps = await appsDirectory(generators);
  upstream = await startUpstream((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const url = new URL(request.url!, 'http://x');
      received.push({ method: request.method!, url, headers: request.headers, body: Buffer.concat(chunks) });
      response.end('ok');
    });
  });
  worker = await startWorker({
    galileo_apps_dir: apps.path,
    galileo_apps_repository: 'http://127.0.0.1:1',
    galileo_app_timeout: '2s',
    galileo_app_memory: '32',
    // A target does not take a thousand connections at once.
    galileo_client_connections: '64',
  });
  await worker.rpc.setRoutes({ routes: [{ service: 'svc', hosts: [upstream.address], weights: [1] }] });
});
afterEach(async () => {
  await worker.rpc.closeClients({});
});
afterAll(async () => {
  await worker?.[Symbol.asyncDispose]();
  await upstream?.[Symbol.asyncDispose]();
  await apps?.[Symbol.asyncDispose]();
});

describe('an app', () => {
  it('makes each request with its parameters, its manifest and its counter', async () => {
    received = [];
    const [id] = await create('shop', { parameters: { item: 'tea' } });
    await worker.load(id!, { requests: 100 });
    await doneBy(id!, 100);
    const { method, headers, body } = at('/buy')[0]!;
    expect([method, headers['x-item'], headers['content-type']]).toEqual(['POST', 'tea', 'application/json']);
    expect(JSON.parse(body.toString())).toEqual({
      name: 'shop',
      manifest: { name: 'shop', version: 3 },
      parameters: { item: 'tea' },
      service: 'svc',
      manifestIsThere: true,
    });
    // A generator is asked for each request once, whatever is made ahead.
    const counters = at('/buy').map(({ url }) => Number(url.searchParams.get('counter')));
    expect(counters.toSorted((one, other) => one - other)).toEqual(Array.from({ length: 100 }, (_, n) => n + 1));
    expect(new Set(at('/buy').map(({ url }) => url.searchParams.get('client')))).toEqual(new Set([id]));
  });

  it('gives a request as the original does, in a list, or a body of bytes', async () => {
    received = [];
    const [list] = await create('list');
    const [bytes] = await create('bytes');
    await worker.load(list!, { requests: 3 });
    await worker.load(bytes!, { requests: 3 });
    await doneBy(list!, 3);
    await doneBy(bytes!, 3);
    expect(
      at('/list')
        .map(({ url }) => url.search)
        .toSorted(),
    ).toEqual(['?n=1', '?n=2', '?n=3']);
    expect(at('/list').every(({ method, headers }) => method === 'GET' && headers['x-a'] === 'b')).toBe(true);
    expect(
      at('/b')
        .map(({ body }) => [...body])
        .toSorted(),
    ).toEqual([1, 2, 3].map(n => [n, 255]));
  });

  it('has the same random numbers for the same seed, whatever client it is', async () => {
    const draws: string[][] = [];
    for (const seeds of [[5, 6], [6], [7]]) {
      received = [];
      const ids = await create('shop', { count: seeds.length, seeds });
      await worker.load(ids.at(-1)!, { requests: 5 });
      await doneBy(ids.at(-1)!, 5);
      draws.push(
        at('/buy')
          .map(({ url }) => url.searchParams.get('draw')!)
          .toSorted(),
      );
    }
    expect(draws[0]).toEqual(draws[1]);
    expect(draws[0]).not.toEqual(draws[2]);
    expect(new Set(draws[0]).size).toBe(5);
  });

  it('serves 1,000 clients, each with every request once', async () => {
    received = [];
    const ids = await create('shop', { count: 1000 });
    await Promise.all(ids.map(id => worker.load(id, { requests: 5, gap: 0.01 })));
    await worker.watch();
    const { clients } = await worker.rpc.listClients({ pageSize: 1000 });
    expect(clients.filter(({ requests, failed, fault }) => requests !== 5 || failed > 0 || fault !== '')).toEqual([]);
    const pairs = at('/buy').map(({ url }) => `${url.searchParams.get('client')} ${url.searchParams.get('counter')}`);
    expect(pairs).toHaveLength(5000);
    expect(new Set(pairs).size).toBe(5000);
  }, 60_000);

  it('gives a request that is not sent to no other', async () => {
    received = [];
    const [id] = await create('shop');
    await worker.rpc.setRoutes({ routes: [] });
    await worker.load(id!, { requests: 7 });
    await doneBy(id!, 7);
    await worker.rpc.setRoutes({ routes: [{ service: 'svc', hosts: [upstream.address], weights: [1] }] });
    await worker.load(id!, { requests: 2 });
    await doneBy(id!, 9);
    expect(
      at('/buy')
        .map(({ url }) => url.searchParams.get('counter'))
        .toSorted(),
    ).toEqual(['8', '9']);
  });

  it('reaches neither the service nor its configuration', async () => {
    received = [];
    const [id] = await create('meddles');
    await worker.load(id!, { requests: 3 });
    await doneBy(id!, 3);
    expect(at('/x').map(({ url }) => url.searchParams.get('found'))).toEqual(['', '', '']);
    expect((await statusOf(id!)).fault).toBe('');
  });

  const faulty: readonly [name: string, sent: number, fault: RegExp][] = [
    ['throws', 3, /^app "throws": nextRequest threw Error: out of stock$/],
    ['nonsense', 2, /^app "nonsense": nextRequest: request.path: found "no slash"; allowed: a path that begins with \//],
    ['wrong', 0, /^app "wrong": nextRequest: request.result: found 42; allowed: an object, or a list of method, path/],
    ['follows', 0, /^app "follows": nextRequest: request.kwargs: found "allow_redirects or proxies"; allowed: neither of them/],
    ['never', 2, /^app "never": nextRequest gave no answer within 2 s$/],
    ['micro', 1, /^app "micro": nextRequest gave no answer within 2 s$/],
    ['exits', 2, /^app "exits": it ended its thread with code 7$/],
    ['hog', 0, /^app "hog": it needs more than 32 MB of memory$/],
    ['later', 0, /^app "later": it threw Error: too late$/],
  ];
  for (const [name, sent, fault] of faulty) {
    it(`that ${name} ends its client, and no other one's`, async () => {
      const [healthy] = await create('shop');
      const [id] = await create(name);
      await worker.load(healthy!, { gap: 0.01, duration: 60 });
      await worker.load(id!, { gap: 0.02, duration: 60 });
      expect(await faultOf(id!)).toMatch(fault);
      const { requests, failed, busy } = await statusOf(id!);
      expect(busy).toBe(false);
      // The requests that there were went out; what followed failed.
      if (name !== 'later') expect(requests - failed).toBe(sent);
      await expect(worker.load(id!, { requests: 1 })).rejects.toThrow(
        /FAILED_PRECONDITION: client_id: .* sends nothing any more: app/,
      );
      for await (const { faults } of worker.rpc.watchStatistics({ interval: 0.05 })) {
        expect(faults).toEqual([expect.stringMatching(new RegExp(`^${id}: app "${name}": `))]);
        break;
      }
      const before = await statusOf(healthy!);
      await doneBy(healthy!, before.requests + 20);
      const after = await statusOf(healthy!);
      expect([after.fault, after.failed]).toEqual(['', 0]);
    }, 30_000);
  }

  it('that hangs with one client goes on for the others, in a new thread', async () => {
    received = [];
    const ids = await create('spins', { count: 20 });
    const stuck = ids.filter(id => id.endsWith('0'));
    expect(stuck).toHaveLength(2);
    await Promise.all(ids.map(id => worker.load(id, { gap: 0.1, duration: 60 })));
    for (const id of stuck) expect(await faultOf(id)).toBe('app "spins": nextRequest gave no answer within 2 s');
    const healthy = ids.filter(id => !stuck.includes(id));
    await Promise.all(healthy.map(id => doneBy(id, 20)));
    for (const id of healthy) expect((await statusOf(id)).fault).toBe('');
    await worker.rpc.closeClients({});
    const pairs = at('/s').map(({ url }) => url.search);
    expect(new Set(pairs).size).toBe(pairs.length);
  }, 60_000);

  it('may print, and then has a request all the same', async () => {
    const [id] = await create('prints');
    await worker.load(id!, { requests: 40 });
    await doneBy(id!, 40);
    expect((await statusOf(id!)).failed).toBe(0);
  });
});

describe('an app that can not be had', () => {
  const refused: readonly [name: string, message: RegExp][] = [
    ['syntax', /INVALID_ARGUMENT: app "syntax": generator.ts: .*SyntaxError/],
    [
      'silent',
      /INVALID_ARGUMENT: app "silent": generator.ts: TypeError: nextRequest: found undefined; allowed: an exported function/,
    ],
    ['loops', /INVALID_ARGUMENT: app "loops": generator.ts: it was not loaded within 2 s/],
    ['awaits', /INVALID_ARGUMENT: app "awaits": generator.ts: it was not loaded within 2 s/],
    ['../shop', /INVALID_ARGUMENT: app "..\/shop": found this name; allowed: up to 100 letters, digits/],
    ['.hidden', /INVALID_ARGUMENT: app ".hidden": found this name/],
    ['', /INVALID_ARGUMENT: app "": found this name/],
    ['absent', /UNAVAILABLE: app "absent": not in galileo_apps_dir, and http:\/\/127.0.0.1:1\/api\/apps\/absent can't be had: /],
  ];
  for (const [name, message] of refused) {
    it(`is refused: ${JSON.stringify(name)}`, async () => {
      await expect(create(name)).rejects.toThrow(message);
    });
  }

  const odd: readonly [sentence: string, fields: object, message: RegExp][] = [
    ['beside a request', { app: { name: 'shop' }, request: { path: '/' } }, /INVALID_ARGUMENT: app: found request beside it/],
    ['with parameters that are no JSON', { app: { name: 'shop', parametersJson: '{' } }, /app.parameters_json: found no JSON/],
    [
      'with parameters that are no object',
      { app: { name: 'shop', parametersJson: '[1]' } },
      /parameters_json: found a list; allowed/,
    ],
    [
      'with seeds for others',
      { app: { name: 'shop', seeds: [1, 2] } },
      /app.seeds: found 2; allowed: none, or one for each of 1/,
    ],
  ];
  for (const [sentence, fields, message] of odd) {
    it(`is refused: ${sentence}`, async () => {
      await expect(worker.rpc.createClients({ service: 'svc', count: 1, ...fields })).rejects.toThrow(message);
    });
  }
});

describe('a folder that is no app', () => {
  const manifest = 'name: a\n';
  const generator = 'export const nextRequest = () => ({});';
  const cases: readonly [sentence: string, files: Readonly<Record<string, string>>, message: RegExp][] = [
    ['without manifest', { 'generator.js': generator }, /manifest.yml is missing in its zip/],
    [
      'without a name',
      { 'manifest.yml': 'version: 1', 'generator.js': generator },
      /manifest.yml: name: found none; allowed: text/,
    ],
    ['with a manifest that is a list', { 'manifest.yml': '[a]', 'generator.js': generator }, /found \["a"\]; allowed: a mapping/],
    ['with a manifest that is no YAML', { 'manifest.yml': 'a: [', 'generator.js': generator }, /manifest.yml is no YAML: /],
    ['without a generator', { 'manifest.yml': manifest }, /found no generator, in its zip; allowed: one of generator.ts/],
    [
      'with a generator in Python',
      { 'manifest.yml': manifest, 'generator.py': 'def next_request(): pass' },
      /found generator.py, and Python is not run here, in its zip; allowed: one of generator.ts and generator.js/,
    ],
    [
      'with two generators',
      { 'manifest.yml': manifest, 'generator.js': generator, 'generator.ts': generator },
      /found generator.ts and generator.js in its zip; allowed: one of/,
    ],
  ];
  for (const [sentence, files, message] of cases) {
    it(`is refused: ${sentence}`, async () => {
      const zip = zipOf(Object.entries(files).map(([name, data]) => ({ name, data })));
      await writeFile(join(apps.path, 'odd.zip'), zip);
      await expect(create('odd')).rejects.toThrow(message);
      expect(await readdir(apps.path)).not.toContain('odd');
    });
  }
});

describe('a repository', () => {
  const app = (body: string) =>
    zipOf([
      { name: 'manifest.yml', data: 'name: far\n' },
      { name: 'generator.js', data: `export const nextRequest = () => (${body});` },
    ]);
  const answers: Record<string, string | Buffer | number> = {
    '/base/api/apps/far': '{"name": "far", "manifest": {"name": "far"}}',
    '/base/api/apps/far/download': app("{ path: '/far' }"),
    '/base/api/apps/other': '{"name": "far"}',
    '/base/api/apps/html': '<html>',
    '/base/api/apps/sick': 500,
    '/base/api/apps/bad': '{"name": "bad"}',
    '/base/api/apps/bad/download': zipOf([
      { name: 'manifest.yml', data: 'name: bad\n' },
      { name: '../escaped', data: 'x' },
    ]),
    '/base/api/apps/text': '{"name": "text"}',
    '/base/api/apps/text/download': 'no zip',
    '/base/api/apps/big': '{"name": "big"}',
    '/base/api/apps/big/download': Buffer.alloc(64 * 1024 * 1024 + 1),
    '/base/api/apps/gone': '{"name": "gone"}',
  };
  let asked: string[] = [];
  let home: TemporaryDirectory;
  let remote: Awaited<ReturnType<typeof startUpstream>>;
  let far: Worker;

  beforeAll(async () => {
    home = await appsDirectory({});
    remote = await startUpstream((request, response) => {
      asked.push(request.url!);
      const answer = answers[request.url!] ?? 404;
      if (typeof answer === 'number') response.writeHead(answer).end();
      else response.end(answer);
    });
    far = await startWorker({
      galileo_apps_dir: join(home.path, 'made', 'by', 'it'),
      galileo_apps_repository: `http://${remote.address}/base/`,
    });
    await far.rpc.setRoutes({ routes: [{ service: 'svc', hosts: [upstream.address], weights: [1] }] });
  });
  afterAll(async () => {
    await far?.[Symbol.asyncDispose]();
    await remote?.[Symbol.asyncDispose]();
    await home?.[Symbol.asyncDispose]();
  });
  const createFar = (name: string) => far.rpc.createClients({ service: 'svc', count: 1, app: { name } });

  it('is asked once for an app that several want at a time, and not again', async () => {
    received = [];
    asked = [];
    const made = await Promise.all([1, 2, 3].map(() => createFar('far')));
    made.push(await createFar('far'));
    expect(asked).toEqual(['/base/api/apps/far', '/base/api/apps/far/download']);
    for (const { clients } of made) await far.load(clients[0]!.clientId, { requests: 2 });
    await until('all requests', () => at('/far').length === 8);
    const folder = join(home.path, 'made', 'by', 'it');
    expect(await readdir(folder)).toEqual(['far']);
    expect(await readFile(join(folder, 'far', 'manifest.yml'), 'utf8')).toBe('name: far\n');
  });

  const refused: readonly [name: string, message: RegExp][] = [
    ['none', /NOT_FOUND: app "none": neither in galileo_apps_dir nor at http:\/\/.*\/base\/api\/apps\/none/],
    ['gone', /NOT_FOUND: app "gone": .*\/gone\/download/],
    ['other', /INVALID_ARGUMENT: app "other": .*: name: found "far"; allowed: "other"/],
    ['html', /INVALID_ARGUMENT: app "html": .*: found no JSON/],
    ['sick', /UNAVAILABLE: app "sick": .* answered 500/],
    ['bad', /INVALID_ARGUMENT: app "bad": its zip: it is no proper zip: invalid relative path: \.\.\/escaped/],
    ['text', /INVALID_ARGUMENT: app "text": its zip: it is no proper zip/],
    ['big', /INVALID_ARGUMENT: app "big": .*: found more than 67108864 bytes; allowed: up to 67108864/],
  ];
  for (const [name, message] of refused) {
    it(`that can not give an app leaves nothing behind: ${name}`, async () => {
      await expect(createFar(name)).rejects.toThrow(message);
      const folder = join(home.path, 'made', 'by', 'it');
      expect((await readdir(folder)).filter(found => found !== 'far')).toEqual([]);
      await expect(access(join(folder, '..', 'escaped'))).rejects.toThrow(/ENOENT/);
    });
  }

  it('must be a URL without a password', async () => {
    const wrong = startWorker({ galileo_apps_repository: 'http://user:secret@host' });
    await expect(wrong).rejects.toThrow(/^galileo_apps_repository: "…@host" is not allowed; allowed: http\(s\):\/\/HOST/);
  });
});
