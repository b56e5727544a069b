// What docker/ and deploy/kubernetes/base say of containers, in one form.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { root } from '../tools/steps.ts';

/** A container as its file describes it. */
export interface Container {
  /** `compose client-a` */
  readonly name: string;
  /** Containers of one file meet in one place, of one pod on one loopback. */
  readonly place: 'compose' | 'kubernetes';
  readonly pod: string;
  readonly image: string;
  /** Which of our services it is, by its image; undefined for the images of others. */
  readonly service: string | undefined;
  /** Values that are only known when it runs are in the form that they will have. */
  readonly environment: Readonly<Record<string, string>>;
  /** Ports that it listens on. */
  readonly ports: readonly number[];
  /** Path in the container -> `host:<path>` or the name of a volume. */
  readonly mounts: ReadonlyMap<string, string>;
}

/** An object of Kubernetes; only what is read here. */
export interface KubernetesObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: {
    readonly selector?: Readonly<Record<string, string>>;
    readonly ports?: readonly { readonly port: number; readonly targetPort?: number | string }[];
    readonly template?: { readonly metadata: { readonly labels: Readonly<Record<string, string>> }; readonly spec: PodSpec };
  };
}

interface PodSpec {
  readonly serviceAccountName?: string;
  readonly containers: readonly ContainerSpec[];
  readonly initContainers?: readonly ContainerSpec[];
  readonly volumes?: readonly { readonly name: string; readonly hostPath?: { readonly path: string } }[];
}

interface ContainerSpec {
  readonly name: string;
  readonly image: string;
  readonly envFrom?: readonly { readonly configMapRef: { readonly name: string } }[];
  readonly env?: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: ValueSource }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
}

interface ValueSource {
  readonly fieldRef?: { readonly fieldPath: string };
  readonly secretKeyRef?: { readonly name: string; readonly key: string };
}

export const read = (file: string) => readFileSync(join(root, file), 'utf8');
export const base = 'deploy/kubernetes/base';

/** Stands for a secret. */
export const secretOf = (name: string) => `secret-value-of-${name}`;

/** Ports that servers of others listen on. */
const serverPorts: Readonly<Record<string, number>> = { redis: 6379, etcd: 2379 };

function portsOf(image: string, { galileo_grpc_listen: grpc, eb_go_lb_listen_port: http, PORT: port }: Record<string, string>) {
  const server = /([a-z]+):[^/]*$/.exec(image)![1]!;
  return [grpc?.split(':')[1], http, port, serverPorts[server]].filter(found => found !== undefined).map(Number);
}

const serviceOf = (image: string) => /^galileo-([a-z]+):/.exec(image)?.[1];

/** Names of the images that docker-bake.hcl makes, with the version. */
export function bakedImages(): { readonly services: string[]; readonly version: string } {
  const text = read('docker/docker-bake.hcl');
  const services = /service = \[([^\]]*)\]/.exec(text)?.[1]?.match(/[a-z]+/g) ?? [];
  return { services: [...services], version: /"VERSION" \{\s*default = "([^"]+)"/.exec(text)![1]! };
}

/** How a container of the Dockerfile's image is started and asked, and the variables that the image sets. */
export function imageSettings() {
  const text = read('docker/Dockerfile').replaceAll('\\\n', ' ');
  const final = text.slice(text.lastIndexOf('\nFROM '));
  const array = (instruction: RegExp) => JSON.parse(instruction.exec(final)![1]!) as string[];
  const environment: Record<string, string> = {};
  for (const [, name, value] of /^ENV (.*)$/m.exec(final)![1]!.matchAll(/(\w+)=(\S+)/g)) environment[name!] = value!;
  return {
    environment,
    entrypoint: array(/^ENTRYPOINT (.*)$/m),
    health: array(/^HEALTHCHECK .* CMD (.*)$/m),
  };
}

// Compose

interface ComposeService {
  readonly image: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
}

/** Puts values in: a secret for what has to be given, the default for what need not be. */
function interpolate(text: string): string {
  return text.replaceAll(/\$(?:\$|\{(\w+)(:[-?])([^}]*)\})/g, (_, name?: string, kind?: string, rest?: string) => {
    if (name === undefined) return '$';
    return kind === ':-' ? rest! : secretOf(name);
  });
}

export function composeContainers(): Container[] {
  const file = parse(read('docker/compose.yaml'), { merge: true }) as { services: Record<string, ComposeService> };
  return Object.entries(file.services).map(([name, { image, environment: raw = {}, volumes = [] }]) => {
    const environment = Object.fromEntries(Object.entries(raw).map(([key, value]) => [key, interpolate(String(value))]));
    const mounts = volumes.map(volume => {
      const [source, target] = volume.split(':') as [string, string];
      return [target, /^[./]/.test(source) ? `host:${source}` : source] as const;
    });
    return {
      name: `compose ${name}`,
      place: 'compose',
      pod: name,
      image,
      service: serviceOf(image),
      environment,
      ports: portsOf(image, environment),
      mounts: new Map(mounts),
    };
  });
}

// Kubernetes

const parseObjects = (text: string) =>
  parseAllDocuments(text, { merge: true }).map(document => document.toJS() as KubernetesObject);

/** The objects of the files that base consists of. */
export function kubernetesObjects(): KubernetesObject[] {
  const { resources } = parse(read(`${base}/kustomization.yaml`)) as { resources: string[] };
  return resources.flatMap(file => parseObjects(read(`${base}/${file}`)));
}

/** The objects that `kubectl kustomize` prints. */
export const renderedObjects = parseObjects;

/** What a node and a pod are called here. */
const fields: Readonly<Record<string, string>> = {
  'spec.nodeName': 'node-a',
  'status.podIP': '127.0.0.1',
  'status.hostIP': '127.0.0.1',
};

function told(source: ValueSource): string {
  if (source.secretKeyRef !== undefined) return secretOf(source.secretKeyRef.key);
  const value = fields[source.fieldRef!.fieldPath];
  if (value === undefined) throw new Error(`fieldRef ${source.fieldRef!.fieldPath} is not known to the tests`);
  return value;
}

function environmentOf(container: ContainerSpec, objects: readonly KubernetesObject[]): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const { configMapRef } of container.envFrom ?? []) {
    const map = objects.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === configMapRef.name);
    if (map === undefined) throw new Error(`ConfigMap ${configMapRef.name} of container ${container.name} is not there`);
    Object.assign(environment, map.data);
  }
  for (const { name, value, valueFrom } of container.env ?? []) environment[name] = value ?? told(valueFrom!);
  return environment;
}

/** The containers that stay; those that only prepare are left out. */
export function kubernetesContainers(objects: readonly KubernetesObject[]): Container[] {
  return objects.flatMap(({ metadata, spec }) => {
    const pod = spec?.template?.spec;
    return (pod?.containers ?? []).map(container => {
      const environment = environmentOf(container, objects);
      const mounts = (container.volumeMounts ?? []).map(({ name, mountPath }) => {
        const path = pod?.volumes?.find(volume => volume.name === name)?.hostPath?.path;
        return [mountPath, path === undefined ? name : `host:${path}`] as const;
      });
      return {
        name: `kubernetes ${container.name}`,
        place: 'kubernetes' as const,
        pod: metadata.name,
        image: container.image,
        service: serviceOf(container.image),
        environment,
        ports: portsOf(container.image, environment),
        mounts: new Map(mounts),
      };
    });
  });
}

/** Pods that a host name leads to: in Compose a service's, on Kubernetes those that a Service selects. */
function podsBehind(place: Container['place'], host: string, objects: readonly KubernetesObject[]): string[] {
  if (place === 'compose') return [host];
  const service = objects.find(({ kind, metadata }) => kind === 'Service' && metadata.name === host);
  const selector = Object.entries(service?.spec?.selector ?? { nothing: '' });
  return objects.flatMap(({ metadata, spec }) => {
    const labels = spec?.template?.metadata.labels;
    return labels !== undefined && selector.every(([key, value]) => labels[key] === value) ? [metadata.name] : [];
  });
}

/** The container that HOST:PORT leads to from within another one. */
export function containerAt(
  from: Container,
  address: string,
  all: readonly Container[],
  objects: readonly KubernetesObject[],
): Container | undefined {
  const [host, port] = address.split(':') as [string, string];
  const pods = host === '127.0.0.1' ? [from.pod] : podsBehind(from.place, host, objects);
  return all.find(({ place, pod, ports }) => place === from.place && pods.includes(pod) && ports.includes(Number(port)));
}

/** Variables of a container that hold an address of another one, as HOST:PORT. */
export function addressesIn({ environment }: Container): [variable: string, address: string][] {
  const { galileo_redis_host: host, galileo_redis_port: port = '6379' } = environment;
  const found = Object.entries(environment).filter(([name, value]) => /^\S+:\d+$/.test(value) && name !== 'galileo_grpc_listen');
  return host === undefined ? found : [...found, ['galileo_redis_host', `${host}:${port}`]];
}
