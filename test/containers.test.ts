import { join } from 'node:path';
import { parseExperiment } from '@galileo/experiment';
import { readConfig, type Variables } from '@galileo/service';
import { describe, expect, test } from 'vitest';
import { root } from '../tools/steps.ts';
import {
  addressesIn,
  bakedImages,
  type Container,
  composeContainers,
  containerAt,
  imageSettings,
  kubernetesContainers,
  kubernetesObjects,
  read,
  secretOf,
} from './containers.ts';

const objects = kubernetesObjects();
const containers: readonly Container[] = [...composeContainers(), ...kubernetesContainers(objects)];
const ours = containers.filter(container => container.service !== undefined);
const { services, version } = bakedImages();
const places = ['compose', 'kubernetes'] as const;
const within = (place: Container['place'], list = containers) => list.filter(container => container.place === place);

async function variablesOf({ service }: Container): Promise<Variables> {
  const module = (await import(join(root, 'services', service!, 'src', 'config.ts'))) as { variables: Variables };
  return module.variables;
}

/** A worker's labels are `galileo_*` variables that are no settings; these are meant. */
const labels = ['galileo_zone'];

/** What a service has no default for that serves in a container, besides what the test finds by itself. */
const needs: Readonly<Record<string, readonly string[]>> = {
  client: ['galileo_worker_name'],
  loadbalancer: ['eb_go_lb_node_name', 'eb_go_lb_etcd_host'],
  orchestrator: ['galileo_data_dir', 'galileo_etcd'],
  recorder: ['galileo_data_dir'],
  telemd: ['telemd_nodename'],
};

/** On loopback by default, and only used by a runner that has no place in a container. */
const unused = ['galileo_replica_host'];

describe('images', () => {
  test.each(places)('%s has a container of each image that is made, in the version that is made', place => {
    const images = new Set(within(place, ours).map(({ image }) => image));
    expect([...images].sort()).toEqual(services.map(service => `galileo-${service}:${version}`).sort());
    expect(version).toBe((JSON.parse(read('package.json')) as { version: string }).version);
  });

  test('images of others have a version, the same in both', () => {
    const others = containers.filter(({ service }) => service === undefined);
    for (const { image } of others) expect(image).toMatch(/:[^:/]*\d/);
    const images = (place: Container['place']) => within(place, others).map(({ image }) => image);
    expect(images('compose')).toEqual(expect.arrayContaining(images('kubernetes')));
  });

  test('an image is started and asked for its health by one file', () => {
    const { entrypoint, health } = imageSettings();
    expect(entrypoint).toEqual(['node', '/app/service.js']);
    expect(health).toEqual([...entrypoint, '--health']);
  });
});

describe.each(ours)('$name', container => {
  const { environment, service } = container;

  test('has only variables that its service knows', async () => {
    const known = Object.values(await variablesOf(container)).map(variable => variable.env);
    const allowed = [...known, ...(service === 'client' ? labels : [])];
    expect(Object.keys(environment).filter(name => !allowed.includes(name))).toEqual([]);
  });

  test('has values that its service takes', async () => {
    const variables = await variablesOf(container);
    expect(() => readConfig(variables, environment)).not.toThrow();
  });

  test('has all variables that it needs', async () => {
    const variables = Object.values(await variablesOf(container));
    // What is looked for on loopback unless told otherwise is not found in a container.
    const onLoopback = variables.filter(({ fallback = '' }) => /^(127\.0\.0\.1|localhost)(:|$)/.test(fallback));
    const names = [...onLoopback.map(({ env }) => env), 'galileo_token', 'galileo_redis_password', 'galileo_redis_host'];
    const needed = [...names, ...needs[service!]!].filter(name => !unused.includes(name));
    expect(needed.filter(name => environment[name] === undefined)).toEqual([]);
  });

  test('has secrets from outside the files alone', async () => {
    const secret = Object.values(await variablesOf(container)).filter(variable => variable.secret && environment[variable.env]);
    for (const { env } of secret) expect(environment[env]).toBe(secretOf(env));
  });

  test('has addresses that lead to a container that listens there', () => {
    const astray = addressesIn(container).filter(([, address]) => !containerAt(container, address, containers, objects));
    expect(astray).toEqual([]);
  });
});

test.each(places)('%s gives recorder and orchestrator the same directory on the same volume', place => {
  const [orchestrator, recorder] = ['orchestrator', 'recorder'].map(name => {
    const { environment, mounts } = within(place, ours).find(({ service }) => service === name)!;
    return { directory: environment['galileo_data_dir'], volume: mounts.get(environment['galileo_data_dir']!) };
  });
  expect(orchestrator!.volume).toBeDefined();
  expect(recorder).toEqual(orchestrator);
});

test('docker/pi.yaml fits the containers of Compose', () => {
  const result = parseExperiment(read('docker/pi.yaml'), { fileName: 'docker/pi.yaml' });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  const compose = within('compose');
  const balancer = compose.find(({ service }) => service === 'loadbalancer')!;
  const addresses = result.spec.services.flatMap(({ external }) => external?.addresses ?? []);
  expect(addresses.map(address => containerAt(balancer, address, compose, objects)?.name)).toEqual([
    'compose pi-a',
    'compose pi-b',
  ]);
  const nodes = compose.flatMap(({ environment }) => environment['telemd_nodename'] ?? []);
  expect(result.spec.telemetry.nodes).toEqual(nodes);
  const clients = compose.filter(({ service }) => service === 'client');
  for (const { workerLabels } of result.spec.workloads) {
    for (const { environment } of clients) expect(environment).toMatchObject(workerLabels);
  }
});
