// Nothing closed but the loopback: who comes with certificates or a user is told that they are not wanted here, and a service
// that others could reach does not start without credentials.
import { join } from 'node:path';
import {
  type Certificates,
  createCertificates,
  missing,
  startService,
  type TemporaryDirectory,
  temporaryDirectory,
} from '@galileo/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, members, startCluster } from './cluster.ts';
import { expectRefusal, expectRefused, startOdd } from './refusals.ts';

describe.skipIf(missing('redis-server') || missing('etcd') || missing('etcdctl'))(
  'an open cluster (needs redis-server, etcd and etcdctl)',
  () => {
    let directory: TemporaryDirectory;
    let certificates: Certificates;
    let cluster: Cluster;
    beforeAll(async () => {
      directory = await temporaryDirectory();
      certificates = await createCertificates(join(directory.path, 'certificates'));
      cluster = await startCluster({ without: members.filter(name => name !== 'recorder' && name !== 'orchestrator') });
      await cluster.ready();
    }, 60_000);
    afterAll(async () => {
      await cluster?.[Symbol.asyncDispose]();
      await directory?.[Symbol.asyncDispose]();
    });

    test('galileo with a certificate: both sides are told', async () => {
      await expectRefusal(cluster, certificates, {
        variables: ({ ca, client }) => ({ galileo_tls_cert: client.cert, galileo_tls_key: client.key, galileo_tls_ca: ca }),
        code: 1,
        told: "the orchestrator can't be called: ADDRESS does not speak TLS: unset galileo_tls_cert, galileo_tls_key and galileo_tls_ca, or set them there as well",
        logged: ['it speaks TLS, and galileo_tls_cert is not set here'],
      });
    });

    test('services that want Redis and etcd encrypted say so once and do not serve', async () => {
      const started = await startOdd(cluster, certificates, directory.path, {
        'telemd, Redis with TLS': {
          member: 'telemd-a',
          variables: ({ ca }) => ({ galileo_redis_tls: 'true', galileo_redis_tls_ca: ca }),
          says: /Redis at REDIS .*set galileo_redis_tls=false/,
          connections: 3,
        },
        'load balancer, etcd with TLS': {
          member: 'loadbalancer',
          variables: ({ ca }) => ({ galileo_etcd_tls_ca: ca }),
          says: /doesn't speak TLS.*unset galileo_etcd_tls_ca/,
        },
        'load balancer, a user of etcd': {
          member: 'loadbalancer',
          variables: () => ({ galileo_etcd_username: 'somebody', galileo_etcd_password: 'of nobody' }),
          says: 'its authentication is off, but there is a user, "somebody": unset galileo_etcd_username and galileo_etcd_password',
        },
      });
      try {
        await expectRefused(cluster, started, {});
      } finally {
        await Promise.all(started.map(({ process }) => process[Symbol.asyncDispose]()));
      }
    }, 60_000);
  },
);

test('a service that others could reach without credentials does not start, unless that is meant', async () => {
  const names = ['recorder', 'orchestrator', 'loadbalancer', 'client', 'telemd'];
  await using directory = await temporaryDirectory();
  const open = (name: string) => ({
    galileo_grpc_listen: '0.0.0.0:0',
    galileo_data_dir: join(directory.path, name),
    eb_go_lb_listen_port: '0',
    // Nobody is there.
    galileo_redis_port: '1',
    galileo_recorder: '127.0.0.1:1',
  });
  await Promise.all(
    names.map(async name => {
      await using refused = await startService(name, open(name));
      expect(await refused.exited).toEqual({ code: 1, signal: null });
      expect(refused.output()).toBe(
        `galileo-${name}: galileo_grpc_listen: "0.0.0.0:0" is open to others, which is not allowed without credentials; allowed: ` +
          'a loopback address, or galileo_token, or galileo_tls_cert, galileo_tls_key and galileo_tls_ca, or galileo_insecure=true\n',
      );
      await using meant = await startService(name, { ...open(name), galileo_insecure: 'true' });
      const warning = await meant.line(
        'everybody who reaches this address may call: there is neither a token nor TLS (galileo_insecure)',
      );
      expect(warning).toMatchObject({ level: 40, listen: '0.0.0.0:0' });
      expect(meant.running).toBe(true);
    }),
  );
}, 60_000);
