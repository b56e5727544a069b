// Users, passwords and TLS of a real etcd: what gets in, and what is said where nothing does.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import {
  type Certificates,
  createCertificates,
  type EtcdServer,
  missing,
  silentLog,
  startEtcd,
  type TemporaryDirectory,
  temporaryDirectory,
  until,
} from '@galileo/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EtcdError, type EtcdSettings, openWeightStore } from '../src/index.ts';
import { observeZone } from './observed-zone.ts';

const absent = missing('etcd') || missing('etcdctl');
const weights = { ips: ['h:1'], weights: [1] };

/** Tries a store and a follower. @returns what the store's error says, or undefined, and what the follower's log says */
async function attempt(etcd: EtcdSettings): Promise<{ error: string | undefined; reason: string | undefined }> {
  await using store = openWeightStore({ etcd, log: silentLog });
  await using zone = observeZone(etcd, 'a');
  const failure = await store.put('a', 'pi', weights).then(
    () => undefined,
    error => error,
  );
  if (failure !== undefined) expect(failure).toBeInstanceOf(EtcdError);
  await until('the follower knows', () => zone.follower.connected || zone.warnings().length > 0);
  const everything = JSON.stringify([zone.lines, zone.told, failure?.message, failure?.stack, String(failure?.cause)]);
  expect(everything).not.toContain('planted');
  return { error: failure?.message, reason: zone.warnings()[0]?.reason };
}

describe.skipIf(absent)('users (needs etcd and etcdctl)', () => {
  const root = { username: 'root', password: 'planted-secret' };
  let etcd: EtcdServer;
  beforeAll(async () => {
    etcd = await startEtcd({ rootPassword: root.password });
    await etcd.ctl('user', 'add', 'bob:planted-too');
  });
  afterAll(() => etcd[Symbol.asyncDispose]());

  test.each([
    ['the right password', root, undefined],
    [
      'a wrong password',
      { username: 'root', password: 'planted-wrong' },
      'it refuses the password of user "root": check galileo_etcd_username and galileo_etcd_password',
    ],
    ['no user', {}, 'it asks for a user and a password: set galileo_etcd_username and galileo_etcd_password'],
    [
      'a user without rights',
      { username: 'bob', password: 'planted-too' },
      'user "bob" may not use these keys; it needs read and write on golb/function/',
    ],
  ])('%s', async (_, user, problem) => {
    const { error, reason } = await attempt({ endpoints: [etcd.address], ...user });
    expect(error).toBe(problem && `etcd at ${etcd.address}: ${problem}`);
    expect(reason).toBe(problem);
  });

  test('a user who may use golb/function/ only is enough', async () => {
    await etcd.ctl('role', 'add', 'weights');
    await etcd.ctl('role', 'grant-permission', 'weights', 'readwrite', 'golb/function/', '--prefix');
    await etcd.ctl('user', 'add', 'lb:planted-lb');
    await etcd.ctl('user', 'grant-role', 'lb', 'weights');
    const settings = { endpoints: [etcd.address], username: 'lb', password: 'planted-lb' };
    expect(await attempt(settings)).toEqual({ error: undefined, reason: undefined });
    await using store = openWeightStore({ etcd: settings, log: silentLog });
    await store.check();
  });

  test('a login that etcd has forgotten is made again, also after a restart', async () => {
    const settings = { endpoints: [etcd.address], ...root };
    await using store = openWeightStore({ etcd: settings, log: silentLog });
    await using zone = observeZone(settings, 'again');
    await until('connected', () => zone.follower.connected);
    await store.put('again', 'pi', weights);
    await etcd.ctl('auth', 'disable');
    await etcd.ctl('auth', 'enable');
    await store.put('again', 'pi', { ips: ['h:1'], weights: [2] });
    await until('the change', () => zone.weights()['pi']?.[0] === 2);
    await etcd.restart();
    await store.put('again', 'pi', { ips: ['h:1'], weights: [3] });
    await until('the change', () => zone.weights()['pi']?.[0] === 3);
  });
});

describe.skipIf(absent)('TLS (needs etcd and etcdctl)', () => {
  let directory: TemporaryDirectory;
  let files: Certificates;
  let plain: EtcdServer;
  let secure: EtcdServer;
  let mutual: EtcdServer;
  let expired: EtcdServer;
  beforeAll(async () => {
    directory = await temporaryDirectory();
    files = await createCertificates(directory.path);
    [plain, secure, mutual, expired] = await Promise.all([
      startEtcd(),
      startEtcd({ tls: files.server }),
      startEtcd({ tls: { ...files.server, ca: files.ca } }),
      startEtcd({ tls: files.expired }),
    ]);
  });
  afterAll(async () => {
    await Promise.all([plain, secure, mutual, expired].map(server => server[Symbol.asyncDispose]()));
    await directory[Symbol.asyncDispose]();
  });
  const read = (file: string) => readFileSync(file);
  const ca = () => ({ ca: read(files.ca) });
  const client = (pair: { cert: string; key: string }) => ({ ...ca(), cert: read(pair.cert), key: read(pair.key) });
  // Whether etcd's alert is read before the connection is reset is a matter of luck.
  const refusal = "doesn't accept the client's certificate";

  test.each([
    ['its authority', () => secure, () => ({ tls: ca() }), undefined],
    ["its authority and a client's certificate", () => mutual, () => ({ tls: client(files.client) }), undefined],
    [
      'another authority',
      () => secure,
      () => ({ tls: { ca: read(files.foreign.ca) } }),
      'its certificate is not signed by the authority in galileo_etcd_tls_ca',
    ],
    ['an expired certificate', () => expired, () => ({ tls: ca() }), 'its certificate is not valid at this time'],
    ["no client's certificate where one is asked for", () => mutual, () => ({ tls: ca() }), refusal],
    ["a client's certificate of another authority", () => mutual, () => ({ tls: client(files.foreign) }), refusal],
    ["an expired client's certificate", () => mutual, () => ({ tls: client(files.expired) }), refusal],
    [
      'plain where TLS is spoken',
      () => secure,
      () => ({}),
      'the connection ended at once: if it speaks TLS, set galileo_etcd_tls_ca',
    ],
    [
      'TLS where plain is spoken',
      () => plain,
      () => ({ tls: ca() }),
      "the connection ended at once: perhaps it doesn't speak TLS (then unset galileo_etcd_tls_ca, galileo_etcd_tls_cert and galileo_etcd_tls_key) or doesn't accept the client's certificate",
    ],
    [
      'a user where there are none',
      () => plain,
      () => ({ username: 'me', password: 'planted' }),
      'its authentication is off, but there is a user, "me": unset galileo_etcd_username and galileo_etcd_password',
    ],
    [
      'files that are no PEM',
      () => secure,
      () => ({ tls: { ...ca(), cert: Buffer.from('x'), key: Buffer.from('x') } }),
      'galileo_etcd_tls_ca, galileo_etcd_tls_cert and galileo_etcd_tls_key are no PEM certificates and key that belong together',
    ],
  ])('%s', async (_, server, settings, problem) => {
    const { address } = server();
    const { error, reason } = await attempt({ endpoints: [address], ...settings() });
    if (problem === undefined) expect([error, reason]).toEqual([undefined, undefined]);
    else {
      expect(error).toContain(`etcd at ${address}: `);
      expect(error).toContain(problem);
      expect(reason).toContain(problem);
    }
  });

  test('an address that its certificate is not for, without a warning of Node on the way', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on('warning', onWarning);
    await using relay = createServer(socket => {
      const onward = connect(secure.port, secure.host).on('error', () => {});
      socket
        .on('error', () => {})
        .pipe(onward)
        .pipe(socket);
    });
    await once(relay.listen(0, '127.0.0.2'), 'listening');
    const { port } = relay.address() as AddressInfo;
    const problem = 'its certificate is for other hosts than the one it is reached at';
    const { error, reason } = await attempt({ endpoints: [`127.0.0.2:${port}`], tls: ca() });
    expect([error, reason]).toEqual([`etcd at 127.0.0.2:${port}: ${problem}`, problem]);
    expect(await attempt({ endpoints: [secure.address], tls: ca() })).toEqual({ error: undefined, reason: undefined });
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
  });
});
