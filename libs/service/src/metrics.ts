import { createServer } from 'node:http';
import { collectDefaultMetrics, Registry } from 'prom-client';

/** A Prometheus endpoint `/metrics`. */
export interface MetricsServer extends AsyncDisposable {
  readonly address: string;
}

/** Makes a registry with the process's own metrics (CPU, memory, event loop). */
export function createRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}

/** Serves a registry's metrics. @throws Error if `listen` (HOST:PORT) can't be listened on. */
export async function startMetrics(listen: string, registry: Registry): Promise<MetricsServer> {
  const server = createServer(async (request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'content-type': registry.contentType }).end(await registry.metrics());
  });
  const colon = listen.lastIndexOf(':');
  const host = listen.slice(0, colon).replace(/^\[|\]$/g, '');
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(Number(listen.slice(colon + 1)), host, resolve);
  });
  const bound = server.address() as { port: number };
  return {
    address: `${listen.slice(0, colon)}:${bound.port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
}
