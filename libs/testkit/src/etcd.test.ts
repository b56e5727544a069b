import { describe, expect, it } from 'vitest';
import { createCertificates } from './certificates.ts';
import { startEtcd } from './etcd.ts';
import { missing } from './missing.ts';
import { temporaryDirectory } from './temporary-directory.ts';

describe.skipIf(missing('etcd') || missing('etcdctl'))('startEtcd (needs etcd and etcdctl)', () => {
  it('keeps its data over a restart on the same port', async () => {
    await using etcd = await startEtcd();
    const { address, pid } = etcd;
    await etcd.ctl('put', 'key', 'value');
    expect(await etcd.kill()).toEqual({ code: null, signal: 'SIGKILL' });
    await etcd.restart();
    expect(etcd.address).toBe(address);
    expect(etcd.pid).not.toBe(pid);
    expect(await etcd.ctl('get', 'key', '--print-value-only')).toBe('value\n');
  });

  it('forgets old revisions', async () => {
    await using etcd = await startEtcd();
    for (const value of ['1', '2', '3']) await etcd.ctl('put', 'key', value);
    expect(await etcd.compact()).toBe(4);
    await expect(etcd.ctl('get', 'key', '--rev', '2')).rejects.toThrow('required revision has been compacted');
  });

  it.each([
    ['without TLS', undefined],
    ['with TLS', false],
    ['with TLS and certificates of clients', true],
  ] as const)('wants a password %s', async (_, mutual) => {
    await using directory = await temporaryDirectory();
    const { ca, server } = await createCertificates(directory.path);
    const tls = { undefined: undefined, false: server, true: { ...server, ca } }[String(mutual)];
    await using etcd = await startEtcd({ rootPassword: 'secret: 1', ...(tls && { tls }) });
    await etcd.ctl('put', 'key', 'value');
    await expect(etcd.ctl('--user', 'root:wrong', 'get', 'key')).rejects.toThrow('invalid user ID or password');
    expect(await etcd.ctl('auth', 'status').catch(error => error.message)).not.toContain('disabled');
    await etcd.restart();
    expect(await etcd.ctl('get', 'key', '--print-value-only')).toBe('value\n');
  });
});
