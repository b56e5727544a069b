import { WeightSource } from '@galileo/proto/loadbalancer';
import { waitForServing } from '@galileo/service';
import { type EtcdServer, missing, startEtcd, startService, startUpstream, type Upstream, until } from '@galileo/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Balancer, startBalancer } from './balancer.ts';
import { converse, get } from './raw.ts';

const needed = missing('etcd') || missing('etcdctl');

/** Replicas that answer with their names, a, b and c. */
let replicas: Upstream[] = [];
beforeAll(async () => {
  replicas = await Promise.all(['a', 'b', 'c'].map(name => startUpstream((_, response) => response.end(name))));
});
afterAll(async () => {
  for (const replica of replicas) await replica[Symbol.asyncDispose]();
});

const key = (name: string, zone = 'zone-a') => `golb/function/${zone}/${name}`;
const value = (...weights: number[]) => JSON.stringify({ ips: weights.map((_, i) => replicas[i]!.address), weights });
const put = (etcd: EtcdServer, name: string, text: string) => etcd.ctl('put', key(name), text);

/** Who answers `count` requests for a function, or the status. */
async function order({ http }: { http: string }, count: number, name = 'f'): Promise<string> {
  let names = '';
  for (let i = 0; i < count; i++) {
    const { text } = await converse(http, get(`/function/${name}`));
    names += text.startsWith('HTTP/1.1 200 ') ? text.slice(-1) : text.slice(9, 12);
  }
  return names;
}

async function inForce({ rpc }: Balancer): Promise<Record<string, number[]>> {
  const { functions } = await rpc.getWeights({});
  return Object.fromEntries(functions.map(found => [found.function, found.replicas.map(replica => replica.weight)]));
}

const isServing = (address: string) =>
  waitForServing(address, 0.2).then(
    () => true,
    () => false,
  );

describe.skipIf(needed)('weights from etcd (needs etcd and etcdctl)', () => {
  test('are those of the zone, exactly, and follow what is put and deleted', async () => {
    await using etcd = await startEtcd();
    await put(etcd, 'f', value(3, 1));
    await put(etcd, 'g', value(0, 2.5));
    await etcd.ctl('put', key('h', 'zone-a2'), value(1));
    await etcd.ctl('put', key('x/y'), value(1));
    await using balancer = await startBalancer([], { eb_go_lb_etcd_host: etcd.address });
    await waitForServing(balancer.grpc, 20);
    expect(await inForce(balancer)).toEqual({ f: [3, 1], g: [0, 2.5] });
    expect(await order(balancer, 8)).toBe('aaabaaab');
    await put(etcd, 'h', value(1, 1, 1));
    await put(etcd, 'g', value(1));
    await until('the change', async () => (await inForce(balancer))['g']?.length === 1 && (await inForce(balancer))['h']);
    await etcd.ctl('del', key('g'));
    await until('the deletion', async () => !('g' in (await inForce(balancer))));
    expect(await order(balancer, 1, 'g')).toBe('404');
    expect(await inForce(balancer)).toEqual({ f: [3, 1], h: [1, 1, 1] });
  });

  test('keep the position of the round, and are left alone where they are put again as they are', async () => {
    await using etcd = await startEtcd();
    await put(etcd, 'f', value(0, 3));
    await using balancer = await startBalancer([], { eb_go_lb_etcd_host: etcd.address });
    await waitForServing(balancer.grpc, 20);
    expect(await order(balancer, 4)).toBe('bbbb');
    await put(etcd, 'f', value(4, 2));
    await until('the change', async () => (await inForce(balancer))['f']![0] === 4);
    // The position was b, the current weight starts anew.
    expect(await order(balancer, 5)).toBe('aabaa');
    await put(etcd, 'f', value(4, 2));
    await put(etcd, 'g', value(1));
    await until('what was put after it', async () => (await inForce(balancer))['g']);
    expect(await order(balancer, 4)).toBe('baab');
  });

  test('which can not be used are counted, and the last good ones stay, also when all are read anew', async () => {
    await using etcd = await startEtcd();
    await put(etcd, 'f', value(1));
    await put(etcd, 'bad', '{"ips": ["bad host:1"], "weights": [1]}');
    await using balancer = await startBalancer([], {
      eb_go_lb_etcd_host: etcd.address,
      galileo_metrics_listen: '127.0.0.1:0',
    });
    await waitForServing(balancer.grpc, 20);
    expect(await inForce(balancer)).toEqual({ f: [1], bad: [] });
    expect((await fetch(`http://${balancer.http}/function/bad`)).status).toBe(503);
    const refusals = async () => {
      const page = await (await fetch(`http://${balancer.metrics}/metrics`)).text();
      return Number(/^galileo_lb_refused_weights_total (\d+)/m.exec(page)![1]);
    };
    expect(await refusals()).toBe(1);
    const unusable = ['{', '{"ips": ["a:1", "b:1"], "weights": [1]}', '{"ips": ["a:1"], "weights": [-1]}'];
    for (const text of unusable) await put(etcd, 'f', text);
    await until('all of them were refused', async () => (await refusals()) === 1 + unusable.length);
    expect(await inForce(balancer)).toEqual({ f: [1], bad: [] });
    await put(etcd, 'bad', '{"ips": ["bad host:1", "127.0.0.1:1"], "weights": [1, 7]}');
    await until('the one that can be reached', async () => (await inForce(balancer))['bad']![0] === 7);
    await etcd.restart();
    await put(etcd, 'g', value(2));
    await until('the connection again', async () => (await inForce(balancer))['g']);
    expect(await inForce(balancer)).toEqual({ f: [1], g: [2], bad: [7] });
    await put(etcd, 'f', value(5));
    await until('usable ones again', async () => (await inForce(balancer))['f']![0] === 5);
  });

  test('may name no replica for a time, which is 503 and not 404', async () => {
    await using etcd = await startEtcd();
    await put(etcd, 'f', '{"ips": [], "weights": []}');
    await using balancer = await startBalancer([], { eb_go_lb_etcd_host: etcd.address });
    await waitForServing(balancer.grpc, 20);
    expect(await order(balancer, 1)).toBe('503');
  });

  test('are not set over gRPC, and GetInfo tells so', async () => {
    await using etcd = await startEtcd();
    await using balancer = await startBalancer([], { eb_go_lb_etcd_host: etcd.address });
    await expect(balancer.weigh('f', { 'a:1': 1 })).rejects.toThrow(/FAILED_PRECONDITION: .*zone-a in etcd/);
    expect(await balancer.rpc.getInfo({})).toEqual({
      node: 'nodeX',
      zone: 'zone-a',
      http: balancer.http,
      weightSource: WeightSource.ETCD,
    });
  });

  test('are waited for: until then it listens and is not serving; when etcd is lost later, it goes on and is serving', async () => {
    const { port, address } = await startEtcd().then(async first => {
      await first[Symbol.asyncDispose]();
      return first;
    });
    await using balancer = await startBalancer([], { eb_go_lb_etcd_host: `127.0.0.1:${port}` });
    expect(await isServing(balancer.grpc)).toBe(false);
    expect(await order(balancer, 1)).toBe('404');
    await using etcd = await startEtcd({ port });
    expect(etcd.address).toBe(address);
    await put(etcd, 'f', value(2, 1));
    await waitForServing(balancer.grpc, 20);
    await until('the weights', async () => (await inForce(balancer))['f']);
    await etcd.kill();
    expect(await order(balancer, 6)).toBe('aabaab');
    expect(await isServing(balancer.grpc)).toBe(true);
    await etcd.restart();
    await put(etcd, 'f', value(0, 0, 1));
    await until('new weights', async () => (await inForce(balancer))['f']!.length === 3);
    expect(await order(balancer, 2)).toBe('cc');
  });

  test('a process that waits for etcd, and one that uses it, end on SIGTERM with 0', async () => {
    const free = { galileo_grpc_listen: '127.0.0.1:0', galileo_lb_listen_host: '127.0.0.1', eb_go_lb_listen_port: '0' };
    await using waiting = await startService('loadbalancer', { ...free, eb_go_lb_etcd_host: '127.0.0.1:1' });
    await waiting.ready();
    const began = performance.now();
    expect(await waiting.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    await using etcd = await startEtcd();
    await using using = await startService('loadbalancer', { ...free, eb_go_lb_etcd_host: etcd.address });
    await waitForServing((await using.ready())['grpc']!, 20);
    expect(await using.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(performance.now() - began).toBeLessThan(15_000);
  });
});
