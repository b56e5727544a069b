import { Connections } from '@galileo/proto/client';
import { startUpstream, until } from '@galileo/testkit';
import { describe, expect, it } from 'vitest';
import { startWorker } from './worker.ts';

/** A server that keeps what it was asked for. */
async function startTarget() {
  const seen: { path: string; header: string; body: string }[] = [];
  const upstream = await startUpstream((request, response) => {
    const parts: Buffer[] = [];
    request
      .on('data', part => parts.push(part))
      .on('end', () => {
        seen.push({ path: request.url!, header: String(request.headers['x-seq']), body: Buffer.concat(parts).toString() });
        response.end();
      });
  });
  return { ...upstream, seen };
}

describe('templates', () => {
  it('are filled in for every request of every client, from the very first', async () => {
    await using target = await startTarget();
    await using worker = await startWorker();
    await worker.rpc.setRoutes({ routes: [{ service: 'pi', hosts: [target.address], weights: [1] }] });
    const { clients } = await worker.rpc.createClients({
      service: 'pi',
      count: 2,
      request: {
        method: 'POST',
        path: '/{{client}}/{{row city}}?r={{random 1 6}}',
        headers: { 'X-Seq': '{{seq}}' },
        body: Buffer.from('{"worker": "{{worker}}", "city": "{{row city}}"}'),
        rows: { columns: ['city'], rows: [{ cells: ['Köln'] }, { cells: ['"Ulm"'] }, { cells: ['Bonn'] }] },
        seed: 3,
        templated: true,
      },
    });
    for (const { clientId } of clients) await worker.load(clientId, { gap: 0, requests: 30 });
    await worker.watch();
    expect(target.seen).toHaveLength(60);
    for (const n of [0, 1]) {
      const own = target.seen
        .filter(({ path }) => path.startsWith(`/w%3Api%3A${n}/`))
        .toSorted((one, other) => Number(one.header) - Number(other.header));
      expect(own.map(({ header }) => header)).toEqual(Array.from({ length: 30 }, (_, index) => String(index + 1)));
      const cities = ['Köln', '"Ulm"', 'Bonn'];
      for (const [index, { path, body }] of own.entries()) {
        const city = cities[(n + 2 * index) % 3]!;
        expect(JSON.parse(body)).toEqual({ worker: 'w', city });
        expect(path).toMatch(new RegExp(`^/w%3Api%3A${n}/${encodeURIComponent(city)}\\?r=[1-6]$`));
      }
    }
  });

  it('stand as they are in a request that is not templated, and wrong ones are told', async () => {
    await using target = await startTarget();
    await using worker = await startWorker();
    const [client] = await worker.clients(1, target.address, { path: '/{{seq}}' });
    await worker.load(client!.clientId, { requests: 1 });
    await until('the request', () => target.seen.length === 1);
    expect(target.seen[0]!.path).toBe('/{{seq}}');
    const wrong = worker.rpc.createClients({ service: 'pi', count: 1, request: { path: '/{{sek}}', templated: true } });
    await expect(wrong).rejects.toThrow(/INVALID_ARGUMENT: request.path: found "\{\{sek\}\}"; allowed: \{\{seq\}\}/);
  });

  it('go over connections of their own when they are asked to', async () => {
    const ports = new Set<number>();
    await using upstream = await startUpstream((request, response) => {
      ports.add(request.socket.remotePort!);
      response.end(request.headers.connection);
    });
    await using worker = await startWorker();
    await worker.rpc.setRoutes({ routes: [{ service: 'pi', hosts: [upstream.address], weights: [1] }] });
    const request = { path: '/{{seq}}', templated: true, connections: Connections.PER_REQUEST };
    const { clients } = await worker.rpc.createClients({ service: 'pi', count: 1, request });
    await worker.load(clients[0]!.clientId, { gap: 0.001, requests: 20 });
    const figures = (await worker.watch()).at(-1)!;
    expect([figures.completed, figures.failed, ports.size]).toEqual([20, 0, 20]);
  });
});
