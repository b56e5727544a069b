import { readFile } from 'node:fs/promises';
import { createCertificates, temporaryDirectory } from '@galileo/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { startHttp, startHttps, type Target } from './undici-targets.ts';
import { startWorker } from './worker.ts';

const cleanUp: AsyncDisposable[] = [];
afterEach(async () => {
  for (const item of cleanUp.splice(0).reverse()) await item[Symbol.asyncDispose]();
});

function own<T extends AsyncDisposable>(item: T): T {
  cleanUp.push(item);
  return item;
}

/** Has a worker's clients send some requests, and returns their traces by client. */
async function run(
  worker: Awaited<ReturnType<typeof startWorker>>,
  target: Target,
  request: object,
  clients: number,
  requests: number,
) {
  await worker.rpc.setRoutes({ routes: [{ service: 'pi', hosts: [target.address], weights: [1] }] });
  const made = (await worker.rpc.createClients({ service: 'pi', count: clients, request })).clients;
  for (const { clientId } of made) await worker.rpc.setWorkload({ clientId, concurrency: 1, arrival: { requests } });
  await worker.watch();
  await worker.rpc.closeClients({});
  await worker[Symbol.asyncDispose]();
  return made.map(({ clientId }) => worker.traces.filter(trace => trace.client === clientId));
}

describe('a worker', () => {
  it('sends over TLS, and each request has one trace with the details of any other', async () => {
    await using directory = await temporaryDirectory();
    const files = await createCertificates(directory.path);
    const target = own(await startHttps(files.server, (request, response) => response.end(request.url)));
    const tls = { ca: await readFile(files.ca, 'utf8') };
    const traces = await run(await startWorker(), target, { path: '/x', options: { scheme: 'https', tls } }, 2, 20);
    for (const ofClient of traces) {
      expect(ofClient).toHaveLength(20);
      for (const trace of ofClient) {
        expect(trace).toMatchObject({ status: 200, server: target.address });
        expect(JSON.parse(trace.headers!)).toMatchObject({ 'Galileo-Bytes': '2', 'Galileo-First-Byte': expect.any(String) });
      }
    }
    expect(target.opened).toBeLessThanOrEqual(3);
  });

  it('keeps the cookies of each client apart, and follows redirects within one trace', async () => {
    const cookies: (string | undefined)[] = [];
    let visitors = 0;
    const target = own(
      await startHttp((request, response) => {
        if (request.url === '/') {
          const fresh = request.headers.cookie === undefined;
          if (fresh) visitors += 1;
          response.writeHead(302, { location: '/home', ...(fresh && { 'set-cookie': `visitor=${visitors}` }) }).end();
        } else {
          cookies.push(request.headers.cookie);
          response.end();
        }
      }),
    );
    const options = { cookies: true, maxRedirects: 1 };
    const traces = await run(await startWorker(), target, { options }, 3, 5);
    expect(traces.map(({ length }) => length)).toEqual([5, 5, 5]);
    expect(traces.flat().every(({ status }) => status === 200)).toBe(true);
    expect(visitors).toBe(3);
    const counts = Map.groupBy(cookies, cookie => cookie);
    expect([...counts].map(([cookie, { length }]) => [cookie, length]).sort()).toEqual([
      ...[1, 2, 3].map(visitor => [`visitor=${visitor}`, 5]),
    ]);
  });

  it('keeps the cookies of each client apart where requests are filled in', async () => {
    const seen: string[] = [];
    const target = own(
      await startHttp((request, response) => {
        seen.push(`${request.url} ${request.headers.cookie ?? 'none'}`);
        response.writeHead(200, { 'set-cookie': `path=${request.url!.slice(1)}; Path=/` }).end();
      }),
    );
    const request = { path: '/{{client}}/{{seq}}', templated: true, options: { cookies: true } };
    await run(await startWorker(), target, request, 2, 2);
    const steps = (client: string) => [`/${client}/1 none`, `/${client}/2 path=${client}/1`];
    expect(seen.toSorted()).toEqual([0, 1].flatMap(n => steps(encodeURIComponent(`w:pi:${n}`))));
  });

  it('lets nothing out with DebugRouter, whatever is asked for', async () => {
    const target = own(await startHttp((_request, response) => response.end()));
    const worker = await startWorker({ galileo_router_type: 'DebugRouter' });
    const options = { cookies: true, proxy: `http://${target.address}` };
    const [traces] = await run(worker, target, { options }, 1, 3);
    expect(traces!.map(({ status, server }) => [status, server])).toEqual(new Array(3).fill([200, null]));
    expect(target.opened).toBe(0);
  });

  it('refuses options that do not fit, without their secrets', async () => {
    await using worker = await startWorker();
    const create = (options: object) => worker.rpc.createClients({ service: 'pi', count: 1, request: { options } });
    await expect(create({ scheme: 'gopher' })).rejects.toThrow('request.options.scheme: found "gopher"; allowed: http, https');
    const refused = create({ proxy: 'http://user:secret@nowhere' });
    await expect(refused).rejects.toThrow('request.options.proxy: found "…@nowhere"');
    expect((await worker.rpc.listClients({})).clients).toEqual([]);
  });
});
