import { Agent, request as httpRequest } from 'node:http';
import { LoadBalancerDefinition } from '@galileo/proto/loadbalancer';
import { connect, waitForServing } from '@galileo/service';
import { startUpstream, type Upstream, until } from '@galileo/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startBalancer } from './balancer.ts';
import { answering, converse, get, ok, openRaw, startRawUpstream } from './raw.ts';

/** Replicas that answer with their names, a, b and c. */
let replicas: Upstream[] = [];
const agent = new Agent({ keepAlive: true });
beforeAll(async () => {
  replicas = await Promise.all(['a', 'b', 'c'].map(name => startUpstream((_, response) => response.end(name))));
});
afterAll(async () => {
  agent.destroy();
  for (const replica of replicas) await replica[Symbol.asyncDispose]();
});

/** Who answers the next request. */
function ask(http: string): Promise<string> {
  return new Promise((resolve, reject) => {
    httpRequest(`http://${http}/function/f`, { agent }, async response => {
      const body = Buffer.concat(await response.toArray()).toString();
      resolve(response.statusCode === 200 ? body : `${response.statusCode} ${body}`);
    })
      .on('error', reject)
      .end();
  });
}

async function order(http: string, count: number): Promise<string> {
  let names = '';
  for (let i = 0; i < count; i++) names += await ask(http);
  return names;
}

const weighed = (...weights: number[]) => Object.fromEntries(weights.map((weight, i) => [replicas[i]!.address, weight]));

test('requests are split exactly by weight, and counted', async () => {
  await using balancer = await startBalancer();
  await balancer.weigh('f', weighed(3, 1));
  expect(await order(balancer.http, 40)).toBe('aaab'.repeat(10));
  await Promise.all(Array.from({ length: 160 }, () => ask(balancer.http)));
  expect((await balancer.rpc.getStatistics({})).replicas).toEqual([
    { function: 'f', address: replicas[0]!.address, requests: 150, errors: 0, inFlight: 0 },
    { function: 'f', address: replicas[1]!.address, requests: 50, errors: 0, inFlight: 0 },
  ]);
});

test('orders of the Go original; new weights keep the position of the round', async () => {
  await using balancer = await startBalancer();
  await balancer.weigh('f', weighed(0, 3));
  expect(await order(balancer.http, 4)).toBe('bbbb');
  await balancer.weigh('f', weighed(4, 2));
  // The position was b, the current weight starts anew.
  expect(await order(balancer.http, 6)).toBe('aabaab');
  await balancer.weigh('f', weighed(1, 4));
  expect(await order(balancer.http, 9)).toBe('bbbabbbba');
  // Go gives b one more request here, though its weight is 0.
  await balancer.weigh('f', weighed(3, 0));
  expect(await order(balancer.http, 5)).toBe('aaaaa');
});

test('weights that are set again as they are do not disturb the round', async () => {
  await using balancer = await startBalancer();
  let names = '';
  for (let i = 0; i < 12; i++) {
    await balancer.weigh('f', weighed(3, 1));
    names += await ask(balancer.http);
  }
  expect(names).toBe('aaab'.repeat(3));
});

test('fractions count to three decimals', async () => {
  await using balancer = await startBalancer();
  await balancer.weigh('f', weighed(0.002, 0.001, 0));
  expect(await order(balancer.http, 6)).toBe('aabaab');
});

test('several functions are set at once or, if one is wrong, not at all; the weights in force can be read', async () => {
  await using balancer = await startBalancer();
  const replica = (weight: number) => ({ address: replicas[0]!.address, weight });
  await balancer.rpc.setWeights({
    functions: [
      { function: 'g', replicas: [replica(2.5)] },
      { function: 'f', replicas: [replica(1)] },
    ],
  });
  const inForce = {
    functions: [
      { function: 'f', replicas: [replica(1)] },
      { function: 'g', replicas: [replica(2.5)] },
    ],
  };
  expect(await balancer.rpc.getWeights({})).toEqual(inForce);
  const wrong = [
    { function: 'f', replicas: [replica(7)] },
    { function: 'h', replicas: [replica(-1)] },
  ];
  await expect(balancer.rpc.setWeights({ functions: wrong })).rejects.toThrow(
    `INVALID_ARGUMENT: function "h": weight of ${replicas[0]!.address}: -1 is not allowed; allowed: a number from 0 to 1000000000`,
  );
  expect(await balancer.rpc.getWeights({})).toEqual(inForce);
  await balancer.rpc.setWeights({ functions: [{ function: 'g', replicas: [] }] });
  expect((await balancer.rpc.getWeights({})).functions.map(found => found.function)).toEqual(['f']);
  expect(await ask(balancer.http)).toBe('a');
});

test('weights change under traffic without a failed request', async () => {
  await using balancer = await startBalancer();
  await balancer.weigh('f', weighed(1, 1, 1));
  let changing = true;
  const seen = new Set<string>();
  const traffic = Array.from({ length: 8 }, async () => {
    while (changing) seen.add(await ask(balancer.http));
  });
  for (let i = 0; i < 60; i++) {
    // Each replica comes and goes, and gets weights of 0 now and then.
    const weights = Object.entries(weighed(i % 3, (i + 1) % 3, (i + 2) % 3)).filter((_, index) => (i >> 2) % 4 !== index);
    if (weights.some(([, weight]) => weight > 0)) await balancer.weigh('f', Object.fromEntries(weights));
  }
  changing = false;
  await Promise.all(traffic);
  expect([...seen].sort()).toEqual(['a', 'b', 'c']);
  const { replicas: rows } = await balancer.rpc.getStatistics({});
  expect(rows.map(({ errors, inFlight }) => [errors, inFlight])).toEqual(rows.map(() => [0, 0]));
});

test("a removed replica's connections are closed when its requests in flight have ended", async () => {
  await using upstream = await startRawUpstream(connection => {
    // The second connection is answered when the test says so.
    if (upstream.connections.length === 1) answering(ok)(connection);
  });
  await using balancer = await startBalancer([upstream.address]);
  using first = openRaw(balancer.http);
  using second = openRaw(balancer.http);
  first.write('GET /function/f HTTP/1.1\r\nHost: lb\r\n\r\n');
  await first.until('\r\n\r\nok');
  upstream.connections[0]!.socket.removeAllListeners('data').resume();
  first.write('GET /function/f HTTP/1.1\r\nHost: lb\r\n\r\n');
  second.write('GET /function/f HTTP/1.1\r\nHost: lb\r\n\r\n');
  await until('both in flight', async () => (await balancer.rpc.getStatistics({})).replicas[0]!.inFlight === 2);
  await balancer.weigh('f', {});
  const { text } = await converse(balancer.http, get());
  expect(text).toContain('no servers found for function: f');
  await until('second connection', () => upstream.connections.length === 2);
  for (const connection of upstream.connections) connection.write(ok);
  await first.until('\r\n\r\nok', 2);
  await second.until('\r\n\r\nok');
  for (const connection of upstream.connections) expect(await connection.ended()).toBe('end');
  expect((await balancer.rpc.getStatistics({})).replicas).toEqual([
    { function: 'f', address: upstream.address, requests: 3, errors: 0, inFlight: 0 },
  ]);
});

test('a replica that stays keeps its connections', async () => {
  await using upstream = await startRawUpstream(answering(ok));
  await using balancer = await startBalancer([upstream.address]);
  using client = openRaw(balancer.http);
  for (let i = 1; i <= 3; i++) {
    client.write('GET /function/f HTTP/1.1\r\nHost: lb\r\n\r\n');
    await client.until('\r\n\r\nok', i);
    await balancer.weigh('f', { [upstream.address]: i, ...weighed(0) });
  }
  expect(upstream.connections).toHaveLength(1);
});

test('gRPC wants the token and is healthy', async () => {
  await using balancer = await startBalancer([], { galileo_token: 'sesame' });
  await expect(balancer.rpc.getWeights({})).rejects.toThrow('UNAUTHENTICATED');
  await waitForServing(balancer.grpc, 20);
  using connection = connect(LoadBalancerDefinition, balancer.grpc, { credentials: { token: 'sesame' } });
  expect(await connection.client.getWeights({})).toEqual({ functions: [] });
});
