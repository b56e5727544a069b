import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { joinAddress, listenError, splitAddress } from './addresses.ts';

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

/** Serves a registry's metrics. @throws ConfigError of galileo_metrics_listen if `listen` (HOST:PORT) can't be listened on. */
export async function startMetrics(listen: string, registry: Registry): Promise<MetricsServer> {
  const server = createServer(async (request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'content-type': registry.contentType }).end(await registry.metrics());
  });
  const { host, port } = splitAddress(listen);
  await new Promise<void>((resolve, reject) => {
    server.once('error', error => reject(listenError('galileo_metrics_listen', listen, error))).listen(port, host, resolve);
  });
  const bound = server.address() as AddressInfo;
  return {
    address: joinAddress(host, bound.port),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
}
