import { describe, expect, it, test } from 'vitest';
import {
  appendedRoute,
  cancelQueued,
  clearRoutes,
  decodeNodeInfo,
  encodeNodeInfo,
  encodeQueuedExperiment,
  findQueued,
  getRoute,
  listRoutes,
  nodeInfoKey,
  parseRoute,
  pushQueueItem,
  pushRecordedArrivals,
  type QueuedExperiment,
  type ReadRoute,
  type RedisCommand,
  registerWorkerCommand,
  registerWorkerEvent,
  removeRoute,
  setRoute,
  telemdCommandChannel,
  telemdCommandPattern,
  watchQueue,
  workerClientsKey,
  workersKey,
} from '../src/index.ts';
import { jsonLines } from './fixture.ts';

/* Whole sequences of commands, as the originals sent them. */

const sequences = new Map(
  jsonLines<{ case: string; commands: RedisCommand[] }>('sequences.jsonl').map(line => [line.case, line.commands]),
);
const recorded = (name: string) => sequences.get(name)!;
const transaction = (commands: readonly RedisCommand[]): RedisCommand[] => [['MULTI'], ...commands, ['EXEC']];

/** The lists of Redis that the commands leave, enough of Redis to give the replies to `getRoute`. */
function createLists() {
  const lists = new Map<string, string[]>();
  return {
    run(commands: readonly RedisCommand[]): RedisCommand[] {
      for (const [name, key, ...values] of commands) {
        if (name === 'DEL') lists.delete(key!);
        if (name === 'RPUSH') lists.set(key!, [...(lists.get(key!) ?? []), ...values]);
      }
      return transaction(commands);
    },
    read(service: string): ReadRoute | undefined {
      const [hosts, weights] = getRoute(service).map(([, key]) => lists.get(key!) ?? []);
      const route = parseRoute(service, hosts!, weights!);
      if (!route.ok) throw new Error(route.reason);
      return route.value;
    },
  };
}

test('the calls on the routing table send what the original sent', () => {
  const redis = createLists();
  const reads = (service: string) => redis.run(getRoute(service));
  const sent: RedisCommand[] = [];
  sent.push(...reads('svc'));
  expect(redis.read('svc')).toBeUndefined();
  sent.push(...redis.run(setRoute({ service: 'svc', hosts: ['127.0.0.1:8391', 'localhost:8391'], weights: [1, 2] })));
  sent.push(...redis.run(setRoute({ service: 'svc2', hosts: ['h1:80'], weights: [1] })));
  sent.push(...reads('svc'), ...redis.run(setRoute(appendedRoute(redis.read('svc'), 'svc', '127.0.0.2:8391', 3))));
  sent.push(...reads('new'), ...redis.run(setRoute(appendedRoute(redis.read('new'), 'new', 'h:1'))));
  sent.push(...reads('svc'), ...redis.run(setRoute({ ...redis.read('svc')!, weights: [1.5, 0, 2] })));
  // A wrong number of weights: read, but not written.
  sent.push(...reads('svc'));
  expect(() => setRoute({ ...redis.read('svc')!, weights: [1] })).toThrow(
    'weights: "1" can\'t be written; allowed: one for each',
  );
  sent.push(...reads('svc'));
  expect(redis.read('svc')?.weights).toEqual([1.5, 0, 2]);
  // All records, twice.
  for (let n = 0; n < 2; n++) sent.push(listRoutes, ...reads('new'), ...reads('svc2'), ...reads('svc'));
  // A look by hand.
  const byHand = recorded('51-rtbl-ops').slice(sent.length, sent.length + 7);
  expect(byHand.every(([name]) => name === 'LRANGE' || name === 'SMEMBERS')).toBe(true);
  sent.push(...byHand);
  sent.push(...redis.run(removeRoute('svc2')), ...redis.run(removeRoute('nonexistent')));
  // An empty list of hosts: the original's transaction is discarded, ours is never sent.
  expect(() => setRoute({ service: 'e', hosts: [], weights: [] })).toThrow('hosts: "" can\'t be written');
  sent.push(['MULTI'], ['EXEC']);
  sent.push(listRoutes, ...redis.run(clearRoutes(['new', 'svc'])));
  expect(sent).toEqual(recorded('51-rtbl-ops'));
});

test('the experiment queue is filled and an experiment cancelled as the original does it', () => {
  const workload = {
    service: 'svc',
    ticks: [1, 2],
    clientsPerHost: 1,
    arrivalPattern: 'constant',
    client: null,
    clientParameters: {},
  };
  const nameless: QueuedExperiment = { experiment: null, configuration: { duration: 4, interval: 2, workloads: [workload] } };
  const queued: QueuedExperiment = {
    experiment: { id: 'exp-1', name: 'n', creator: 'c', start: 1.5, end: null, created: 1700000000.25, status: 'QUEUED' },
    configuration: {
      duration: 4,
      interval: 2,
      workloads: [{ ...workload, client: 'myapp', clientParameters: { a: 1.5 } }],
    },
  };
  const items = [encodeQueuedExperiment(queued), encodeQueuedExperiment(nameless)];
  expect(findQueued(items, 'exp-1')).toBe(0);
  // On the nameless one the original raises; ours passes over it.
  expect(findQueued(items.slice(1), 'exp-2')).toBe(-1);
  expect([
    ['SMEMBERS', workersKey],
    pushQueueItem(items[1]!),
    ['SMEMBERS', workersKey],
    pushQueueItem(items[0]!),
    ...watchQueue,
    ...transaction(cancelQueued(0)),
    ...watchQueue,
    ['UNWATCH'],
  ]).toEqual(recorded('62-queue-python-api').slice(0, -2));
});

test('telemd is told on its channel and tells of its node in its hash', () => {
  const info = {
    arch: 'amd64',
    boot: 1700000000,
    hostname: 'n1.local',
    ram: 16000000,
    cpus: 8,
    disk: ['sda', 'sdb'],
    net: ['eth0'],
    netspeed: '1000',
  };
  const hosts: RedisCommand = ['PUBSUB', 'CHANNELS', telemdCommandPattern];
  const tell = (node: string, command: string): RedisCommand => ['PUBLISH', telemdCommandChannel(node), command];
  expect(decodeNodeInfo(encodeNodeInfo(info))).toEqual(info);
  expect([
    ['SUBSCRIBE', telemdCommandChannel('n1'), telemdCommandChannel('n2')],
    ['HSET', nodeInfoKey('n1'), ...Object.entries(encodeNodeInfo(info)).flat()],
    hosts,
    hosts,
    tell('n1', 'pause'),
    tell('n2', 'pause'),
    tell('n1', 'unpause'),
    hosts,
    tell('n1', 'unpause'),
    tell('n2', 'unpause'),
    tell('nx', 'pause'),
    hosts,
    ['HGETALL', nodeInfoKey('n1')],
    ['HGETALL', nodeInfoKey('n2')],
  ]).toEqual(recorded('55-telemd'));
});

describe('what workers and controllers send', () => {
  it('discovers the workers', () => {
    const labels = recorded('05-discover')[5]!;
    expect([
      ['SMEMBERS', workersKey],
      ['DEL', workerClientsKey('w1')],
      ['DEL', workersKey],
      ['PUBLISH', registerWorkerCommand.channel, registerWorkerCommand.encode({})],
      ['SADD', workersKey, 'w1'],
      labels,
      ['PUBLISH', registerWorkerEvent.channel, registerWorkerEvent.encode({ name: 'w1' })],
    ]).toEqual(recorded('05-discover'));
  });

  it('registers a worker', () => {
    const [added, , published] = recorded('02-worker-start').slice(-3);
    expect(added).toEqual(['SADD', workersKey, 'w1']);
    expect(published).toEqual(['PUBLISH', registerWorkerEvent.channel, registerWorkerEvent.encode({ name: 'w1' })]);
  });

  it('pushes recorded arrivals', () => {
    const pushed = ['w1:svc:0', 'w1:svc:1', 'w1:svc:2'].map(client => pushRecordedArrivals(client, [0.05, 0.1, 0.15]));
    expect(pushed).toEqual(recorded('19-prerecorded').slice(0, 3));
  });
});
