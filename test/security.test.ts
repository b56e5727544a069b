// Everything closed: gRPC with certificates and a token, Redis with a password and TLS, etcd with users and certificates. An
// experiment runs over it, who does not get in is told why, and no secret is left anywhere.
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Credentials, credentialsOf, waitForServing } from '@galileo/service';
import {
  type Certificates,
  createCertificates,
  missing,
  type TemporaryDirectory,
  temporaryDirectory,
  until,
} from '@galileo/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, members, startCluster } from './cluster.ts';
import { findPlanted, type Planted, plant } from './planted.ts';
import { descendants, type ProcessSeen } from './processes.ts';
import { expectRefusal, expectRefused, fits, type Odd, type Refusal, reasonsOf, type Started, startOdd } from './refusals.ts';
import { fileRemains, metricsOf, redisRemains } from './remains.ts';

const absent = missing('redis-server') || missing('etcd') || missing('etcdctl');

const seed = Date.now() % 1_000_000;
const secrets = {
  token: plant('galileo_token', seed),
  redis: plant('galileo_redis_password', seed),
  etcd: plant('galileo_etcd_password', seed),
  experiment: plant('API_KEY', seed),
  wrongToken: plant('a wrong galileo_token', seed),
  wrongRedis: plant('a wrong galileo_redis_password', seed),
  wrongEtcd: plant('a wrong galileo_etcd_password', seed),
};

const apiKey = { API_KEY: secrets.experiment.value };

/** Its secret goes into the application's environment, and into each part of a request that may hold one. */
const experiment = (name: string, duration: number) => `
name: ${name}
seed: 42
duration: ${duration}s
services:
  - name: pi
    replicas: [{ node: node-a, weight: 3 }, { node: node-b, weight: 1 }]
    process:
      command: [node, examples/apps/pi.ts]
      port: auto
      ready: { path: /healthz }
      env: { API_KEY: "\${env:API_KEY}" }
workloads:
  - service: pi
    clients: 2
    request:
      method: POST
      path: "/function/pi/digits?n=20&key=\${env:API_KEY}"
      headers: { authorization: "Bearer \${env:API_KEY}" }
      body: "\${env:API_KEY}"
    arrival: { distribution: expovariate, parameters: [20] }
telemetry: { nodes: [node-a, node-b], period: 500ms }
`;

const unsetTls = { galileo_tls_cert: '', galileo_tls_key: '', galileo_tls_ca: '' };
const plainRedis = { galileo_redis_tls: 'false', galileo_redis_tls_ca: '' };
const plainEtcd = { galileo_etcd_tls_ca: '', galileo_etcd_tls_cert: '', galileo_etcd_tls_key: '' };

test('planted secrets are found in whatever form', () => {
  const secret = secrets.token;
  const written: Record<string, (text: string) => string> = {
    plain: text => text,
    URL: encodeURIComponent,
    JSON: text => JSON.stringify({ text }),
    base64: text => Buffer.from(text).toString('base64'),
    'base64 of user and password': text => Buffer.from(`root:${text}`).toString('base64'),
    'base64 in the middle of other things': text => Buffer.from(`{"password":"${text}"}`).toString('base64url'),
    hexadecimal: text => Buffer.from(text).toString('hex'),
    'a buffer, inspected': text =>
      Buffer.from(text)
        .toString('hex')
        .replaceAll(/..(?!$)/g, '$& '),
    'a buffer as JSON': text => JSON.stringify(Buffer.from(text)),
  };
  for (const [how, write] of Object.entries(written)) {
    expect(findPlanted(new Map([['place', `before ${write(secret.value)} after`]]), Object.values(secrets)), how).not.toEqual([]);
  }
  expect(findPlanted(new Map([['place', plant('another', seed).value]]), Object.values(secrets))).toEqual([]);
});

describe.skipIf(absent)('a closed cluster (needs redis-server, etcd and etcdctl)', () => {
  let directory: TemporaryDirectory;
  let certificates: Certificates;
  let credentials: Credentials;
  let cluster: Cluster;
  /** All that was found where others can read it. */
  const left = new Map<string, string>();
  const monitored: string[] = [];
  const odd: Started[] = [];

  beforeAll(async () => {
    console.log(`secrets: seed ${seed}`);
    directory = await temporaryDirectory();
    certificates = await createCertificates(join(directory.path, 'certificates'));
    const { client } = certificates;
    credentials = credentialsOf({ token: secrets.token.value, tlsCert: client.cert, tlsKey: client.key, tlsCa: certificates.ca });
    cluster = await startCluster({
      token: secrets.token.value,
      redisPassword: secrets.redis.value,
      etcdPassword: secrets.etcd.value,
      certificates,
      environment: {
        galileo_logging_level: 'DEBUG',
        galileo_metrics_listen: '127.0.0.1:0',
        // The most that the log can be made to tell: the headers of calls.
        GRPC_VERBOSITY: 'DEBUG',
        GRPC_TRACE: 'server_call',
      },
    });
    await cluster.ready();
    await monitor();
  }, 120_000);
  afterAll(async () => {
    endMonitor();
    await Promise.all(odd.map(({ process }) => process[Symbol.asyncDispose]()));
    await cluster?.[Symbol.asyncDispose]();
    await directory?.[Symbol.asyncDispose]();
  });

  let endMonitor = () => {};
  async function monitor(): Promise<void> {
    // ioredis takes a command that Redis tells of right behind the answer to MONITOR for an answer that nobody has asked for.
    const begin = (): ReturnType<ReturnType<typeof cluster.redis.client>['monitor']> =>
      cluster.redis
        .client()
        .monitor()
        .catch((error: Error) => (error.message.startsWith('Command queue state error') ? begin() : Promise.reject(error)));
    const watching = await begin();
    watching.on('monitor', (_time: string, words: string[]) => monitored.push(words.join(' ')));
    endMonitor = () => watching.disconnect();
  }

  /** What can be read at this moment only. */
  async function look(when: string): Promise<readonly ProcessSeen[]> {
    left.set(`Redis ${when}`, await redisRemains(cluster.redis.client()));
    left.set(`etcd ${when}`, await cluster.etcd.ctl('get', '--prefix', ''));
    const processes = descendants(process.pid);
    left.set(`command lines ${when}`, processes.map(({ command }) => command.join(' ')).join('\n'));
    return processes;
  }

  async function galileo(args: readonly string[], variables: Readonly<Record<string, string>> = {}) {
    const { client } = certificates;
    const own = { galileo_tls_cert: client.cert, galileo_tls_key: client.key, GRPC_VERBOSITY: '' };
    const outcome = await cluster.galileo(args, { ...own, ...variables });
    left.set(`galileo ${args.join(' ')}`, outcome.stdout + outcome.stderr);
    return outcome;
  }

  const replicasAmong = (processes: readonly ProcessSeen[]) =>
    processes.filter(({ command }) => command.includes('examples/apps/pi.ts'));

  test('an experiment runs, its ledger is balanced, and the application gets nothing of Galileo’s environment', async () => {
    const file = join(cluster.data, 'closed.yaml');
    await writeFile(file, experiment('closed', 3));
    const running = galileo(['run', '--json', file], apiKey);
    await until('traces', () => monitored.some(command => /^publish galileo\/results\/traces/i.test(command)), 20);
    const replicas = replicasAmong(await look('during the experiment'));
    expect(replicas).toHaveLength(2);
    for (const { environment } of replicas) {
      const names = environment.map(entry => entry.split('=')[0]!);
      // The tests' own programs have one, see testkit.
      const inherited = names.filter(name => name !== 'XDG_RUNTIME_DIR');
      expect(inherited.sort()).toEqual(['API_KEY', 'GRPC_TRACE', 'GRPC_VERBOSITY', 'HOME', 'PATH', 'PORT']);
      expect(environment).toContain(`API_KEY=${secrets.experiment.value}`);
    }

    const { code, stdout, stderr } = await running;
    expect([0, 4], stderr).toContain(code);
    const { experiment: ran, ledger } = JSON.parse(stdout);
    expect(ledger.traces.produced).toBeGreaterThan(60);
    for (const kind of ['traces', 'telemetry', 'events']) {
      const { produced, stored, rejected, lost, unverified } = ledger[kind];
      expect({ stored, rejected, lost, unverified }).toEqual({ stored: produced, rejected: 0, lost: 0, unverified: 0 });
    }
    const [listed, report] = await Promise.all([galileo(['experiments', 'ls']), galileo(['report', 'latest'])]);
    expect([listed.code, listed.stdout]).toEqual([0, expect.stringContaining(ran.id)]);
    expect([0, 4]).toContain(report.code);
    expect(report.stdout).toMatch(/traces +\d+ +\d+ +0 +0 +balanced/);
  }, 120_000);

  const refusals: Readonly<Record<string, Refusal>> = {
    'a certificate of another authority': {
      variables: ({ foreign }) => ({ galileo_tls_cert: foreign.cert, galileo_tls_key: foreign.key }),
      code: 1,
      told: "the orchestrator can't be called: ADDRESS refuses the certificate of galileo_tls_cert: it must be of the authority in the galileo_tls_ca there",
      logged: ['its certificate is not of the authority in galileo_tls_ca'],
    },
    // The log has told of that host already.
    'all of another authority': {
      variables: ({ foreign }) => ({
        galileo_tls_cert: foreign.cert,
        galileo_tls_key: foreign.key,
        galileo_tls_ca: foreign.ca,
      }),
      code: 1,
      told: "the orchestrator can't be called: the certificate of ADDRESS is not of the authority in galileo_tls_ca",
      logged: [],
    },
    'an expired certificate': {
      variables: ({ expired }) => ({ galileo_tls_cert: expired.cert, galileo_tls_key: expired.key }),
      code: 2,
      told: /^galileo: galileo_tls_cert: the file ".*expired\.crt" holds a certificate that expired at \d{4}-\d\d-\d\dT[\d:.]+Z$/,
      logged: [],
    },
    'no certificate': {
      variables: () => unsetTls,
      code: 1,
      told: "the orchestrator can't be called: ADDRESS speaks TLS: set galileo_tls_cert, galileo_tls_key and galileo_tls_ca",
      logged: ['it does not speak TLS, as galileo_tls_cert wants it here'],
    },
    'no token': {
      variables: () => ({ galileo_token: '' }),
      code: 1,
      told: 'the orchestrator refuses the call: ADDRESS answers UNAUTHENTICATED: the call carries no token: set galileo_token as it is set there',
      logged: ['the call carries no token: set galileo_token as it is set there'],
    },
    'a wrong token': {
      variables: () => ({ galileo_token: secrets.wrongToken.value }),
      code: 1,
      told: 'the orchestrator refuses the call: ADDRESS answers UNAUTHENTICATED: the token of the call is wrong: set galileo_token as it is set there',
      logged: ['the token of the call is wrong: set galileo_token as it is set there'],
    },
  };
  test.each(Object.entries(refusals))('galileo with %s: both sides are told', async (what, row) => {
    left.set(`galileo with ${what}`, await expectRefusal(cluster, certificates, row));
  });

  const wrongPassword =
    'Redis at REDIS refuses the user or the password: check galileo_redis_username and galileo_redis_password';
  const services: Readonly<Record<string, Odd>> = {
    'client, wrong Redis password': {
      member: 'client-a',
      variables: () => ({ galileo_redis_password: secrets.wrongRedis.value }),
      says: wrongPassword,
      connections: 3,
    },
    'telemd, wrong password in a URL of Redis': {
      member: 'telemd-a',
      variables: () => ({
        telemd_redis_url: `rediss://:${encodeURIComponent(secrets.wrongRedis.value)}@${cluster.redis.address}`,
      }),
      says: wrongPassword,
      connections: 3,
    },
    'telemd, no Redis password': {
      member: 'telemd-a',
      variables: () => ({ galileo_redis_password: '' }),
      says: 'Redis at REDIS asks for a password: set galileo_redis_password',
      connections: 3,
    },
    'recorder, Redis without TLS': {
      member: 'recorder',
      variables: () => plainRedis,
      says: /Redis at REDIS .*set galileo_redis_tls=true/,
      connections: 2,
    },
    'orchestrator, another authority for Redis': {
      member: 'orchestrator',
      variables: ({ foreign }) => ({ galileo_redis_tls_ca: foreign.ca }),
      says: /^the certificate of Redis at REDIS is not signed by a trusted authority \(.*\): set galileo_redis_tls_ca$/,
      connections: 2,
    },
    'load balancer, wrong etcd password': {
      member: 'loadbalancer',
      variables: () => ({ galileo_etcd_username: 'balancer', galileo_etcd_password: secrets.wrongEtcd.value }),
      says: 'it refuses the password of user "balancer": check galileo_etcd_username and galileo_etcd_password',
    },
    'load balancer, no user at etcd': {
      member: 'loadbalancer',
      variables: () => ({ galileo_etcd_username: '', galileo_etcd_password: '' }),
      says: /set galileo_etcd_username and galileo_etcd_password/,
    },
    'load balancer, etcd without TLS': {
      member: 'loadbalancer',
      variables: () => plainEtcd,
      says: 'the connection ended at once: if it speaks TLS, set galileo_etcd_tls_ca',
    },
    'load balancer, another authority for etcd': {
      member: 'loadbalancer',
      variables: ({ foreign }) => ({ galileo_etcd_tls_cert: foreign.cert, galileo_etcd_tls_key: foreign.key }),
      says: /doesn't accept the client's certificate/,
    },
    'orchestrator, wrong etcd password': {
      member: 'orchestrator',
      variables: () => ({ galileo_etcd_password: secrets.wrongEtcd.value }),
      says: /it refuses the password of user "root": check galileo_etcd_username and galileo_etcd_password$/,
    },
    'client, wrong token': {
      member: 'client-a',
      variables: () => ({ galileo_token: secrets.wrongToken.value }),
      says: 'RECORDER answers UNAUTHENTICATED: the token of the call is wrong: set galileo_token as it is set there',
    },
  };
  test('services with wrong credentials say so once and do not serve; when the other side is set right, they do', async () => {
    odd.push(...(await startOdd(cluster, certificates, directory.path, services)));
    await expectRefused(cluster, odd, credentials);
    expect(reasonsOf(cluster, cluster.member('recorder'))).toContain(
      'the token of the call is wrong: set galileo_token as it is set there',
    );
    await look('with wrong credentials');

    const admin = cluster.redis.client();
    await admin.config('SET', 'requirepass', secrets.wrongRedis.value);
    await cluster.etcd.ctl('user', 'add', `balancer:${secrets.wrongEtcd.value}`);
    await cluster.etcd.ctl('user', 'grant-role', 'balancer', 'root');
    const right = odd.filter(({ odd }) => fits(odd.says, wrongPassword) || /"balancer"/.test(String(odd.says)));
    expect(right).toHaveLength(3);
    try {
      for (const { address } of right) await waitForServing(address, 30, { credentials });
      for (const { process } of right.slice(0, 2)) {
        expect(process.log().filter(({ msg }) => msg === 'connected to Redis again')).toHaveLength(3);
      }
    } finally {
      await admin.config('SET', 'requirepass', secrets.redis.value);
    }
    // One goes on: it must not matter to the next experiment.
    for (const { what, process } of odd) if (what !== 'telemd, no Redis password') await process.kill('SIGTERM');
  }, 120_000);

  test('when Redis is killed in the middle of an experiment, no secret is left anywhere', async () => {
    const file = join(cluster.data, 'killed.yaml');
    await writeFile(file, experiment('killed', 4));
    const seen = monitored.length;
    const [stranger] = await startOdd(cluster, certificates, join(directory.path, 'stranger'), {
      'load balancer, wrong token': {
        member: 'loadbalancer',
        variables: () => ({ galileo_token: secrets.wrongToken.value, eb_go_lb_node_name: 'stranger' }),
        says: 'the token of the call is wrong: set galileo_token as it is set there',
      },
    });
    odd.push(stranger!);
    await until('its announcement', () => monitored.some(command => command.includes('galileo:service:loadbalancer:stranger')));
    const running = galileo(['run', file], apiKey);
    const traced = () => monitored.slice(seen).some(command => /^publish galileo\/results\/traces/i.test(command));
    await until('traces', traced, 40);
    await look('before Redis was killed');
    left.set('log of Redis', cluster.redis.output());
    endMonitor();
    await cluster.redis.kill();
    await until('the recorder misses Redis', () => cluster.member('recorder').output().includes('no connection to Redis'));
    await cluster.redis.restart();
    await monitor();
    const { stdout, stderr } = await running;
    expect(stdout).toContain('FINISHED');
    expect(stdout).not.toContain('no final figures');
    const why = `${stranger!.address} answers UNAUTHENTICATED: ${stranger!.odd.says}`;
    expect(stderr).toContain(`stranger at ${stranger!.address} is announced and does not answer: it is left out (${why})`);
    expect(reasonsOf(cluster, stranger!.process).filter(reason => reason === stranger!.odd.says)).toHaveLength(1);
    await galileo(['report', 'latest', '--json']);
    await look('at the end');

    for (const { what, process } of odd) left.set(`log of ${what}`, process.output());
    left.set('all commands that Redis got', monitored.join('\n'));
    left.set('log of the second Redis', cluster.redis.output());
    left.set('log of etcd', cluster.etcd.output());
    for (const name of members) {
      left.set(`log of ${name}`, cluster.member(name).output());
      left.set(`metrics of ${name}`, await metricsOf(cluster, name));
    }
    for (const [path, text] of [...fileRemains(cluster.data), ...fileRemains(directory.path)]) {
      if (!path.includes('/certificates/')) left.set(path, text);
    }
    const keys = [certificates.server, certificates.client].map(({ key }, index): Planted => {
      const letters = readFileSync(key, 'utf8').split('\n')[1]!;
      return { name: `private key ${index}`, value: letters, letters };
    });
    expect(findPlanted(left, [...Object.values(secrets), ...keys])).toEqual([]);

    // It was looked where there is something.
    const texts = [...left].map(([place, text]) => `${place}\0${text}`);
    for (const pattern of [/galileo\.db-wal\0./, /logs\/.*\/pi-0\.log\0pi listens/, /^metrics of client-a\0.*process_cpu/s]) {
      expect(
        texts.filter(text => pattern.test(text)),
        String(pattern),
      ).not.toEqual([]);
    }
    expect(left.get('log of recorder')).toContain('"authorization\\":[redacted]');
    expect(left.get('Redis during the experiment')).toContain('galileo:client:');
    expect(left.get('etcd during the experiment')).toContain('golb/function/main/pi');
    expect(left.get('command lines at the end')).toContain('services/orchestrator/src/main.ts');
  }, 120_000);
});
