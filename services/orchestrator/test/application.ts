/** An application that answers every request, as the arguments of `node`: `-e` and its program. */
const answering = "require('node:http').createServer((_, response) => response.end('ok')).listen(process.env.PORT, '127.0.0.1')";

export interface FileOptions {
  readonly name?: string;
  /** Program of the application. */
  readonly script?: string;
  readonly duration?: string;
  readonly ready?: string;
  /** Lines at the top level. */
  readonly more?: string;
  /** Seconds between two requests of each of the two clients. */
  readonly gap?: number;
}

/** An experiment file: one service `app` with replicas of weight 3 and 1, two clients. */
export function experimentFile(options: FileOptions = {}): string {
  const { name = 'small', script = answering, duration = '2s', ready = '20s', more = '', gap = 0.02 } = options;
  return `name: ${name}
seed: 42
duration: ${duration}
services:
  - name: app
    replicas: [{ node: node-a, weight: 3 }, { node: node-b, weight: 1 }]
    process: { command: [node, -e, ${JSON.stringify(script)}], ready: { timeout: ${ready} } }
workloads:
  - service: app
    clients: 2
    request: { path: /function/app/x, timeout: 5s }
    arrival: { constant: ${gap} }
telemetry: { period: 200ms }
${more}`;
}
