// The weights in a real etcd: following a zone, and the store that writes them.
import { type EtcdServer, missing, silentLog, startEtcd, startFaultProxy, until } from '@galileo/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type EtcdSettings, openWeightStore } from '../src/index.ts';
import { observeZone } from './observed-zone.ts';

const absent = missing('etcd') || missing('etcdctl');
const value = (...weights: unknown[]) => JSON.stringify({ ips: weights.map((_, i) => `h:${i + 1}`), weights });
const pair = (...weights: number[]) => ({ ips: weights.map((_, i) => `h:${i + 1}`), weights });
const store = (...endpoints: string[]) => openWeightStore({ etcd: { endpoints }, log: silentLog });

describe.skipIf(absent)('with one etcd (needs etcd and etcdctl)', () => {
  let etcd: EtcdServer;
  let settings: EtcdSettings;
  beforeAll(async () => {
    etcd = await startEtcd();
    settings = { endpoints: [etcd.address] };
  });
  afterAll(() => etcd[Symbol.asyncDispose]());
  const put = (key: string, text: string) => etcd.ctl('put', key, text);
  const remove = (key: string) => etcd.ctl('del', key);

  test('what is there comes as a snapshot, then each change; only the exact zone and plain names count', async () => {
    await put('golb/function/a/pi', value(3, 1));
    await put('golb/function/a2/other', value(1));
    await put('golb/function/a/x/y', value(1));
    await put('golb/function/a/', value(1));
    await using zone = observeZone(settings, 'a');
    await until('connected', () => zone.follower.connected);
    expect(zone.snapshots).toEqual([{ pi: pair(3, 1) }]);
    await put('golb/function/a2/pi', value(9));
    await put('golb/function/a/x/z', value(9));
    await put('golb/function/a', value(9));
    await put('golb/function/a/pi', value(1, 1));
    await put('golb/function/a/new', '{"IPS": ["h:1"], "Weights": [2]}');
    await remove('golb/function/a/pi');
    await put('golb/function/a/end', 'null');
    await until('the last change', () => zone.weights()['end']);
    expect(zone.told).toEqual(['connected', 'put pi', 'put new', 'delete pi', 'put end']);
    expect(zone.weights()).toEqual({ new: [2], end: [] });
    expect(zone.lines).toEqual([]);
  });

  test('a value that does not fit is told once and the last good one stays, also after a reconnect', async () => {
    await using proxy = await startFaultProxy(etcd.address);
    await put('golb/function/r/pi', value(3, 1));
    await put('golb/function/r/never', 'good for nothing');
    await using zone = observeZone({ endpoints: [proxy.address] }, 'r');
    await until('connected', () => zone.follower.connected);
    await put('golb/function/r/pi', '{"ips": ["h:1", "h:2"], "weights": [1]}');
    await until('the refusal', () => zone.told.length === 3);
    proxy.reset();
    await until('the second snapshot', () => zone.snapshots.length === 2);
    await until('connected', () => zone.follower.connected);
    expect(zone.snapshots).toEqual([{ pi: pair(3, 1) }, { pi: pair(3, 1) }]);
    await put('golb/function/r/pi', value('3', 1));
    await put('golb/function/r/pi', value(5, 1));
    await until('the good value', () => zone.weights()['pi']?.[0] === 5);
    expect(zone.told).toEqual([
      'refused never: the value is not JSON',
      'connected',
      'refused pi: found 1 weights for 2 hosts; allowed: one weight per host',
      'disconnected',
      'connected',
      'refused pi: weights[0] is "3"; allowed: a number',
      'put pi',
    ]);
  });

  test('changes, removals and a compaction behind a cut network are seen after it', async () => {
    await using proxy = await startFaultProxy(etcd.address);
    await put('golb/function/c/stays', value(3, 1));
    await put('golb/function/c/goes', value(1));
    await put('golb/function/c/changes', value(1));
    await using zone = observeZone({ endpoints: [proxy.address] }, 'c');
    await until('connected', () => zone.follower.connected);
    await proxy.cut();
    await until('disconnected', () => !zone.follower.connected);
    await remove('golb/function/c/goes');
    await put('golb/function/c/changes', value(2));
    await put('golb/function/c/comes', value(4));
    await etcd.compact();
    await proxy.heal();
    await until('connected again', () => zone.follower.connected);
    expect(zone.weights()).toEqual({ stays: [3, 1], changes: [2], comes: [4] });
    await put('golb/function/c/comes', value(5));
    await until('a change', () => zone.weights()['comes']?.[0] === 5);
    expect(zone.lines.map(({ msg }) => msg)).toEqual(['no connection to etcd; trying again', 'connected to etcd again']);
  });

  test('the store puts, lists and removes', async () => {
    await using weights = store(etcd.address);
    await weights.check();
    await weights.put('s', 'pi', pair(3, 1));
    await weights.put('s', 'half', pair(0.5, 1));
    await weights.put('s2', 'other', pair(1));
    await put('golb/function/s/wrong', '[]');
    expect(Object.fromEntries(await weights.list('s'))).toEqual({ pi: pair(3, 1), half: pair(1, 2) });
    expect(await etcd.ctl('get', 'golb/function/s/pi', '--print-value-only')).toBe('{"ips":["h:1","h:2"],"weights":[3,1]}\n');
    await weights.remove('s', 'pi');
    await weights.remove('s', 'none');
    expect([...(await weights.list('s')).keys()]).toEqual(['half']);
    await expect(weights.put('s', 'a/b', pair(1))).rejects.toThrow(
      'function "a/b" is not allowed; allowed: a name without a slash',
    );
    await expect(weights.put('', 'pi', pair(1))).rejects.toThrow('zone "" is not allowed');
    await expect(weights.put('s', 'pi', pair(-1))).rejects.toThrow('weight of h:1: -1 is not allowed');
  });

  test('of several endpoints one that answers is used; without one all are named', async () => {
    await using proxy = await startFaultProxy(etcd.address);
    const both = ['127.0.0.1:1', proxy.address];
    await using zone = observeZone({ endpoints: both }, 'e');
    await using weights = store(...both);
    await weights.put('e', 'pi', pair(1));
    await until('connected', () => zone.follower.connected);
    await until('the weights', () => zone.weights()['pi']);
    await proxy.cut();
    const failed = weights.put('e', 'pi', pair(1));
    await expect(failed).rejects.toThrow('etcd at 127.0.0.1:1: connection refused');
    await expect(failed).rejects.toThrow(`etcd at ${proxy.address}: connection refused`);
  });
});

describe.skipIf(absent).concurrent('etcd comes and goes (needs etcd and etcdctl)', () => {
  test('it may be absent at first, be killed and come back', async () => {
    const first = await startEtcd();
    const { address, port } = first;
    await first[Symbol.asyncDispose]();
    await using zone = observeZone({ endpoints: [address] }, 'a');
    await using weights = store(address);
    await until('the warning', () => zone.warnings().length === 1);
    await expect(weights.check()).rejects.toThrow(`etcd at ${address}: connection refused`);
    await using etcd = await startEtcd({ port });
    await until('connected', () => zone.follower.connected);
    await weights.put('a', 'pi', pair(1));
    await until('the weights', () => zone.weights()['pi']);
    await etcd.kill();
    await until('disconnected', () => !zone.follower.connected);
    await etcd.restart();
    await until('connected again', () => zone.follower.connected);
    expect(zone.weights()).toEqual({ pi: [1] });
    await weights.put('a', 'pi', pair(2));
    await until('new weights', () => zone.weights()['pi']?.[0] === 2);
    const lost = 'no connection to etcd; trying again';
    expect(zone.lines.map(({ msg }) => msg)).toEqual([lost, 'connected to etcd again', lost, 'connected to etcd again']);
  });

  test('one that stands still is given up by name, and neither follower nor store waits for it at the end', async () => {
    await using etcd = await startEtcd();
    await using zone = observeZone({ endpoints: [etcd.address] }, 'a');
    await using weights = store(etcd.address);
    await until('connected', () => zone.follower.connected);
    etcd.pause();
    await expect(weights.put('a', 'pi', pair(1))).rejects.toThrow(`etcd at ${etcd.address}: no answer in time`);
    const late = weights.list('a').catch(error => (error as Error).message);
    await Promise.all([zone.follower[Symbol.asyncDispose](), weights[Symbol.asyncDispose]()]);
    expect(await late).toContain(etcd.address);
    etcd.resume();
  });

  test('a half-open connection is noticed, and nothing is told after the end', async () => {
    await using etcd = await startEtcd();
    const put = (key: string, text: string) => etcd.ctl('put', key, text);
    await using proxy = await startFaultProxy(etcd.address);
    await put('golb/function/h/pi', value(1));
    await using zone = observeZone({ endpoints: [proxy.address] }, 'h');
    await until('connected', () => zone.follower.connected);
    await proxy.halfOpen();
    await put('golb/function/h/pi', value(2));
    await until('disconnected', () => !zone.follower.connected, 20);
    await proxy.heal();
    await until('connected again', () => zone.follower.connected);
    expect(zone.weights()).toEqual({ pi: [2] });
    await proxy.halfOpen();
    await zone.follower[Symbol.asyncDispose]();
    await proxy.heal();
    await put('golb/function/h/pi', value(3));
    expect(zone.told).toEqual(['connected', 'disconnected', 'connected']);
    expect(zone.weights()).toEqual({ pi: [2] });
  });
});
