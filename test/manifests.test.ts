// deploy/kubernetes: what kubectl makes of it, and the Secret that it does not contain.
import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createCertificates, missing, temporaryDirectory } from '@galileo/testkit';
import { describe, expect, test } from 'vitest';
import { root } from '../tools/steps.ts';
import { bakedImages, base, type KubernetesObject, kubernetesObjects, renderedObjects } from './containers.ts';

const nameOf = ({ kind, metadata }: KubernetesObject) => `${kind}/${metadata.name}`;
const render = (directory: string) =>
  renderedObjects(execFileSync('kubectl', ['kustomize', directory], { cwd: root, encoding: 'utf8', stdio: 'pipe' }));

/** `minor` of kubectl's own version, 1.<minor>. */
function minorOfKubectl(): number {
  if (missing('kubectl')) return 0;
  const version = execFileSync('kubectl', ['version', '--client', '--output=json'], { encoding: 'utf8', stdio: 'pipe' });
  return Number.parseInt((JSON.parse(version) as { clientVersion: { minor: string } }).clientVersion.minor, 10);
}

/** All names that objects refer to: of the keys `field`, wherever they stand, as `<Kind>/<name>`. */
function references(value: unknown, kinds: Readonly<Record<string, [kind: string, key: string]>>): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([field, inner]) => {
    const [kind, key] = kinds[field] ?? [];
    const own = kind === undefined ? undefined : key === '' ? inner : (inner as Record<string, string>)[key!];
    return [...(typeof own === 'string' ? [`${kind}/${own}`] : []), ...references(inner, kinds)];
  });
}

/** Field of a pod -> kind and where the name stands. */
const referring: Readonly<Record<string, [kind: string, key: string]>> = {
  configMapRef: ['ConfigMap', 'name'],
  configMapKeyRef: ['ConfigMap', 'name'],
  configMap: ['ConfigMap', 'name'],
  secretRef: ['Secret', 'name'],
  secretKeyRef: ['Secret', 'name'],
  secret: ['Secret', 'secretName'],
  persistentVolumeClaim: ['PersistentVolumeClaim', 'claimName'],
  serviceAccountName: ['ServiceAccount', ''],
};

/** Made by the orchestrator's init container, and by Kubernetes in each namespace. */
const madeElsewhere = ['Secret/galileo-credentials', 'ConfigMap/kube-root-ca.crt'];

describe.skipIf(missing('kubectl'))('kubectl kustomize (needs kubectl)', () => {
  test('renders base: each object once, in its namespace, and all that pods refer to', () => {
    const objects = render(base);
    const names = objects.map(nameOf);
    expect(new Set(names).size).toBe(names.length);
    const generated = names.filter(name => name.startsWith('ConfigMap/create-credentials-'));
    expect(names.sort()).toEqual([...kubernetesObjects().map(nameOf), ...generated].sort());
    expect(generated.length).toBe(1);
    for (const { kind, metadata } of objects) expect(metadata.namespace, kind).toBe(kind === 'Namespace' ? undefined : 'galileo');
    const pods = objects.flatMap(({ spec }) => spec?.template ?? []);
    expect(pods.length).toBeGreaterThan(0);
    const there = [...names, ...madeElsewhere];
    expect(references(pods, referring).filter(name => !there.includes(name))).toEqual([]);
  });

  test('renders only images that are made, but for Redis and etcd', () => {
    const { services, version } = bakedImages();
    const images = render(base).flatMap(({ spec }) => {
      const pod = spec?.template?.spec;
      return [...(pod?.containers ?? []), ...(pod?.initContainers ?? [])].map(({ image }) => image);
    });
    const made = services.map(service => `galileo-${service}:${version}`);
    expect(images.filter(image => !made.includes(image)).map(image => image.replace(/.*\/|:.*/g, ''))).toEqual(['etcd', 'redis']);
  });

  test.skipIf(minorOfKubectl() < 22)(
    'renders a further zone that shares no name and no pod with base (needs kubectl 1.22)',
    () => {
      const zone = render('deploy/kubernetes/overlays/zone-cloud');
      expect(zone.map(nameOf).sort()).toEqual([
        'ConfigMap/client-cloud',
        'ConfigMap/loadbalancer-cloud',
        'DaemonSet/client-cloud',
        'DaemonSet/loadbalancer-cloud',
      ]);
      const sets = zone.filter(({ kind }) => kind === 'DaemonSet');
      for (const { spec } of sets) {
        expect(spec).toMatchObject({
          selector: { matchLabels: { 'ether.edgerun.io/zone': 'cloud' } },
          template: { spec: { nodeSelector: { 'ether.edgerun.io/zone': 'cloud' } } },
        });
      }
      expect(JSON.stringify(zone)).not.toContain('"main"');
      const there = [...zone.map(nameOf), ...render(base).map(nameOf), ...madeElsewhere];
      expect(references(sets, referring).filter(name => !there.includes(name))).toEqual([]);
    },
  );
});

/** Runs create-credentials.mjs against an API that gives the answer; what it was asked is told. */
async function createCredentials(status: number, answer: object) {
  await using directory = await temporaryDirectory();
  const certificates = await createCertificates(join(directory.path, 'tls'));
  const account = { token: `token-${randomUUID()}`, namespace: 'galileo', 'ca.crt': readFileSync(certificates.ca, 'utf8') };
  for (const [name, text] of Object.entries(account)) writeFileSync(join(directory.path, name), text);
  const asked: { method: string; path: string; authorization: string; body: string }[] = [];
  const { cert, key } = certificates.server;
  const server = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, async (request, response) => {
    const body = (await request.toArray()).join('');
    const { method = '', url = '', headers } = request;
    asked.push({ method, path: url, authorization: headers.authorization ?? '', body });
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const child = spawn(process.execPath, [join(root, base, 'create-credentials.mjs')], {
    env: {
      service_account_directory: directory.path,
      KUBERNETES_SERVICE_HOST: '127.0.0.1',
      KUBERNETES_SERVICE_PORT: String((server.address() as AddressInfo).port),
    },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (output += chunk));
  const [code] = await once(child, 'close');
  server.close();
  const secret = JSON.parse(asked[0]!.body) as { metadata: { name: string }; stringData: Record<string, string> };
  return { code, output, asked: asked[0]!, secret, token: account.token };
}

describe('the Secret', () => {
  test('is created with a random value for each key that pods refer to', async () => {
    const first = await createCredentials(201, {});
    const second = await createCredentials(201, {});
    expect(first.code, first.output).toBe(0);
    expect(first.asked).toMatchObject({
      method: 'POST',
      path: '/api/v1/namespaces/galileo/secrets',
      authorization: `Bearer ${first.token}`,
    });
    const objects = kubernetesObjects();
    expect([...new Set(references(objects, { secretKeyRef: ['Secret', 'name'] }))]).toEqual([
      `Secret/${first.secret.metadata.name}`,
    ]);
    const keys = references(objects, { secretKeyRef: ['key', 'key'] }).map(reference => reference.replace('key/', ''));
    expect(Object.keys(first.secret.stringData).sort()).toEqual([...new Set(keys)].sort());
    const values = [...Object.values(first.secret.stringData), ...Object.values(second.secret.stringData)];
    for (const value of values) expect(value).toMatch(/^[0-9a-f]{64}$/);
    expect(new Set(values).size).toBe(values.length);
    for (const value of values) expect(first.output + second.output).not.toContain(value);
  });

  test('is left as it is where there is one', async () => {
    const { code, output } = await createCredentials(409, { reason: 'AlreadyExists', message: 'secrets "x" already exists' });
    expect({ code, output }).toEqual({ code: 0, output: 'the Secret galileo-credentials is there already\n' });
  });

  test('is asked for again, with a reason, where it could not be created', async () => {
    const { code, output, token } = await createCredentials(403, { reason: 'Forbidden', message: 'secrets is forbidden' });
    expect(code).toBe(1);
    expect(output).toMatch(
      /could not create the Secret galileo-credentials at https:\/\/127.0.0.1:\d+: 403 Forbidden: secrets is/,
    );
    expect(output).not.toContain(token);
  });
});
