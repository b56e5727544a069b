import { createServer } from 'node:net';
import { waitForServing } from '@galileo/service';
import { startUpstream, until } from '@galileo/testkit';
import { expect, test } from 'vitest';
import { runBalancer, startBalancerProcess } from './balancer-process.ts';
import { converse, get, openRaw, parseResponse } from './raw.ts';

test('--help shows the variables with their defaults', async () => {
  const { code, stdout } = await runBalancer({}, '--help');
  expect(code).toBe(0);
  expect(stdout).toMatch(/eb_go_lb_listen_port +port that HTTP is listened on.*\(default 8080\)/);
  expect(stdout).toMatch(/galileo_grpc_listen .*\(default 127\.0\.0\.1:50053\)/);
});

test.each([
  ['eb_go_lb_listen_port', 'http', 'eb_go_lb_listen_port: "http" is not allowed; allowed: a whole number from 0 to 65535'],
  ['eb_go_lb_handler_type', 'random', 'eb_go_lb_handler_type: "random" is not allowed; allowed: wrr, dummy'],
  ['eb_go_lb_node_name', 'node X', 'eb_go_lb_node_name: "node X" is not allowed; allowed: what a header\'s name may have'],
  ['galileo_lb_connect_timeout', '0', 'galileo_lb_connect_timeout: "0" is not allowed; allowed: a duration'],
  ['galileo_lb_listen_host', '192.0.2.1', 'galileo_lb_listen_host, eb_go_lb_listen_port: "192.0.2.1:0" can\'t be listened on'],
])('%s=%s: one line on stderr, exit 1', async (variable, value, message) => {
  const free = { galileo_grpc_listen: '127.0.0.1:0', eb_go_lb_listen_port: '0' };
  const { code, stderr } = await runBalancer({ ...free, [variable]: value });
  expect(code).toBe(1);
  expect(stderr).toContain(`galileo-loadbalancer: ${message}`);
  expect(stderr.trim().split('\n')).toHaveLength(1);
});

test('a port in use: one line on stderr that names it, exit 1', async () => {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const address = `127.0.0.1:${port}`;
  const env = { galileo_grpc_listen: '127.0.0.1:0', galileo_lb_listen_host: '127.0.0.1', eb_go_lb_listen_port: '0' };
  for (const [change, message] of [
    [{ eb_go_lb_listen_port: String(port) }, `galileo_lb_listen_host, eb_go_lb_listen_port: "${address}" can't be listened on`],
    [{ galileo_grpc_listen: address }, `galileo_grpc_listen: "${address}" can't be listened on`],
    [{ galileo_metrics_listen: address }, `galileo_metrics_listen: "${address}" can't be listened on`],
  ] as const) {
    const { code, stderr } = await runBalancer({ ...env, ...change });
    expect(code).toBe(1);
    expect(stderr).toContain(message);
    // The gRPC library has a line of its own to say when it can't listen.
    const lines = stderr.trim().split('\n');
    expect(lines.filter(line => line.startsWith('galileo-loadbalancer: '))).toHaveLength(1);
  }
  await new Promise(resolve => server.close(resolve));
});

test('it serves, and on SIGTERM finishes what is in flight, closes unused connections and exits 0', async () => {
  let answer: (() => void) | undefined;
  await using upstream = await startUpstream((incoming, response) => {
    if (incoming.url === '/fast') response.end('fast');
    else answer = () => response.end('slow');
  });
  await using balancer = await startBalancerProcess({ eb_go_lb_node_name: 'nodeX', galileo_metrics_listen: '127.0.0.1:0' });
  await waitForServing(balancer.grpc, 20);
  await balancer.weigh('f', { [upstream.address]: 1 });
  using unused = openRaw(balancer.http);
  unused.write('GET /function/f/fast HTTP/1.1\r\nHost: lb\r\n\r\n');
  await unused.until('fast');
  using unheard = openRaw(balancer.http);
  using busy = openRaw(balancer.http);
  busy.write('GET /function/f/slow HTTP/1.1\r\nHost: lb\r\n\r\n');
  await until('the replica has the request', () => answer);
  const over = balancer.terminate();
  expect(await unused.ended()).toBe('end');
  expect(await unheard.ended()).toBe('end');
  await until('nobody is let in', async () => (await converse(balancer.http, get())).end === 'ECONNREFUSED');
  answer!();
  expect(await busy.ended()).toBe('end');
  const response = parseResponse(busy.received());
  expect(response.status).toBe('HTTP/1.1 200 OK');
  expect(response.lines).toContain('Connection: close');
  expect(response.body).toBe('slow');
  const { code, stderr } = await over;
  expect([code, stderr]).toEqual([0, '']);
});

test('/metrics has the counters', async () => {
  await using upstream = await startUpstream((_, response) => response.end('ok'));
  await using balancer = await startBalancerProcess({ galileo_metrics_listen: '127.0.0.1:0' });
  await balancer.weigh('f', { [upstream.address]: 1 });
  for (let i = 0; i < 3; i++) await converse(balancer.http, get());
  await converse(balancer.http, get('/foo'));
  const page = await (await fetch(`http://${balancer.metrics}/metrics`)).text();
  expect(page).toContain(`galileo_lb_requests_total{function="f",replica="${upstream.address}"} 3`);
  expect(page).toContain(`galileo_lb_errors_total{function="f",replica="${upstream.address}"} 0`);
  expect(page).toContain(`galileo_lb_in_flight{function="f",replica="${upstream.address}"} 0`);
  expect(page).toContain('galileo_lb_own_answers_total 1');
});
