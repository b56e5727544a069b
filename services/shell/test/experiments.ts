/** An application that answers each request at once; it is ready when it listens. */
const application = "require('node:http').createServer((q, r) => r.end('ok')).listen(process.env.PORT, '127.0.0.1')";

/** A small experiment with two replicas, weights 3:1; `changes` replaces or adds lines at its top level. */
export function experimentFile(changes: Readonly<Record<string, string>> = {}): string {
  const lines = {
    name: 'small',
    seed: '7',
    duration: '2s',
    services: `
  - name: web
    replicas: [{ node: node-a, count: 1, weight: 3 }, { node: node-b, count: 1, weight: 1 }]
    process: { command: [node, -e, ${JSON.stringify(application)}], port: auto }`,
    workloads: `
  - service: web
    clients: 2
    request: { path: /function/web/ }
    arrival: { distribution: constant, parameters: [0.02] }`,
    telemetry: '{ period: 200ms }',
    ...changes,
  };
  return Object.entries(lines)
    .map(([key, value]) => `${key}: ${value}\n`)
    .join('');
}
