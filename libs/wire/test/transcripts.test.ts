import { afterAll, expect, test } from 'vitest';
import {
  type BusMessage,
  clientId,
  clientInfos,
  clientKey,
  clientStartedEvent,
  clientStoppedEvent,
  closeClientCommand,
  createClientCommand,
  createClients,
  decodeClientDescription,
  decodeNodeInfo,
  decodeQueueItem,
  decodeRpcRequest,
  decodeRpcResponse,
  encodeClientDescription,
  encodeNodeInfo,
  encodeQueuedExperiment,
  encodeRpcRequest,
  encodeRpcResponse,
  eventBusPrefix,
  eventChannel,
  experimentQueueKey,
  formatEvent,
  formatTrace,
  nodeInfoKey,
  parseEvent,
  parseRecordedArrivals,
  parseRoute,
  parseTelemdCommand,
  parseTelemetry,
  parseTrace,
  pauseTracingCommand,
  pingWorkers,
  pushRecordedArrivals,
  type RemoteFunction,
  recordedArrivalsKey,
  registerWorkerCommand,
  registerWorkerEvent,
  routeHostsKey,
  routeServicesKey,
  routeUpdatesChannel,
  routeWeightsKey,
  rpcChannel,
  rpcResponseKey,
  rpcResponseTtl,
  setWorkloadCommand,
  startTracingCommand,
  stopClientsCommand,
  stopWorkloadCommand,
  telemdCommandChannel,
  telemdCommandPattern,
  telemdNode,
  telemetryPattern,
  traceChannel,
  unregisterWorkerEvent,
  workerClientsKey,
  workerLabelsKey,
  workersKey,
  workloadDoneEvent,
} from '../src/index.ts';
import { jsonLines } from './fixture.ts';

/* Every form of command that the originals sent to Redis, by what it carries. */

interface Entry {
  readonly argv: readonly string[];
  readonly cases: readonly string[];
}

const messages: readonly BusMessage<never>[] = [
  registerWorkerCommand,
  registerWorkerEvent,
  unregisterWorkerEvent,
  startTracingCommand,
  pauseTracingCommand,
  createClientCommand,
  closeClientCommand,
  setWorkloadCommand,
  stopWorkloadCommand,
  workloadDoneEvent,
  stopClientsCommand,
  clientStartedEvent,
  clientStoppedEvent,
] as never;

const functions = (name: string): RemoteFunction<never, never> | undefined =>
  [pingWorkers, clientInfos, createClients(name.split(':')[1] ?? '')].find(each => each.name === name) as never;

const workers = ['w1', 'w2', 'w3', 'wf', 'wk', 'wq', 'ghost'];
const services = ['svc', 'svc2', 'new', 'nonexistent'];
const nodes = ['n1', 'n2', 'nx'];
const clients = workers.flatMap(worker =>
  ['svc', 'uni'].flatMap(service => Array.from({ length: 25 }, (_, n) => clientId(worker, service, n))),
);

/** Sent by hand to see what the original takes; it is not what the original writes. */
const byHand = (entry: Entry) => entry.cases.some(name => name.startsWith('37-') || name.startsWith('38-'));

/** The reason for which ours refuses a payload, where the original does too. */
const refused: Readonly<Record<string, string>> = {
  '{"__obj": ["w1:svc:17", 2]}': 'distribution is missing',
  hello: 'not JSON: no value where one is expected',
  '{"fn": "WorkerDaemon.ping", "response_channel": "rq1", "args": [], "kwargs": {}}': '__type is not pymq.core.RpcRequest',
  '{"__obj": ["WorkerDaemon.ping", "rq1", [], {}]}': '__type is not pymq.core.RpcRequest',
  '1795486029.476554 abc': 'value is not a number',
  '1 2 3': 'not exactly two tokens',
  'abc 2': 'timestamp is not a number',
  'telem/n1': 'channel names no metric',
  justone: 'fewer than two tokens',
};

type Check = (entry: Entry, key: string, payload: string) => boolean;

function checkMessage(entry: Entry, key: string, payload: string): boolean {
  const message = messages.find(each => each.channel === key);
  if (message === undefined) return false;
  const read = message.decode(payload);
  if (refused[payload] !== undefined) expect(read).toEqual({ ok: false, reason: refused[payload] });
  else if (!read.ok) throw new Error(`${payload}: ${read.reason}`);
  else if (byHand(entry) && key === setWorkloadCommand.channel) {
    // All forms say the same; they are written in the one form that the original writes.
    expect(message.encode(read.value)).toMatch(
      /^\{"__obj": \["w1:svc:17", (10|2), "constant", \[0\.05\]\], "__type": "galileo\.worker\.api\.SetWorkloadCommand"\}$/,
    );
  } else expect(message.encode(read.value)).toBe(payload);
  return true;
}

function checkRequest(entry: Entry, key: string, payload: string): boolean {
  if (!key.startsWith(eventBusPrefix)) return false;
  const read = decodeRpcRequest(payload);
  if (refused[payload] !== undefined) {
    expect(read).toEqual({ ok: false, reason: refused[payload] });
    return true;
  }
  if (!read.ok) return false;
  const { fn } = read.value;
  expect(rpcChannel(fn)).toBe(key);
  if (payload.startsWith('{"__obj"')) expect(encodeRpcRequest(read.value)).toBe(payload);
  const callee = functions(fn);
  if (callee === undefined) return fn === 'nothing.here';
  const argument = callee.decodeArgument(read.value);
  if (entry.cases.includes('34-rpc-errors') || !argument.ok) {
    expect(argument.ok ? 'ok' : argument.reason).toMatch(
      /^(ok|config is missing|the value is missing|num is not a whole number|.*'cmd'|.* takes 0 positional arguments but 1 were given|object of type 'NoneType' has no len\(\))$/,
    );
  } else if (!byHand(entry)) expect(callee.encodeRequest(read.value.responseChannel, argument.value)).toBe(payload);
  return true;
}

function checkResponse(_: Entry, key: string, payload: string): boolean {
  const read = decodeRpcResponse(payload);
  if (!read.ok) return false;
  expect(key === rpcResponseKey('rq1') || key.startsWith(rpcResponseKey('__rpc_'))).toBe(true);
  expect(encodeRpcResponse(read.value)).toBe(payload);
  const callee = functions(read.value.fn)!;
  const outcome = callee.decodeResult(read.value);
  if (!outcome.ok) throw new Error(`${payload}: ${outcome.reason}`);
  if (outcome.value.ok) expect(callee.encodeResult(outcome.value.result)).toBe(payload);
  else expect(outcome.value.failure.type).toMatch(/^(TypeError|AttributeError|ValueError)$/);
  return true;
}

const publish: Readonly<Record<string, Check>> = {
  message: checkMessage,
  request: checkRequest,
  telemetry(_, key, payload) {
    if (!key.startsWith('telem/')) return false;
    const read = parseTelemetry(key, payload);
    const reason = refused[payload] ?? refused[key];
    if (reason !== undefined) expect(read).toEqual({ ok: false, reason });
    else if (!read.ok) throw new Error(`${key} ${payload}: ${read.reason}`);
    else expect([`telem/${read.value.node}`, read.value.metric, read.value.subsystem].filter(Boolean).join('/')).toBe(key);
    return true;
  },
  event(_, key, payload) {
    if (key !== eventChannel) return false;
    const read = parseEvent(payload);
    if (refused[payload] !== undefined) expect(read).toEqual({ ok: false, reason: refused[payload] });
    else expect(read.ok && formatEvent(read.value)).toBe(payload);
    return true;
  },
  trace(_, key, payload) {
    if (key !== traceChannel) return false;
    const read = parseTrace(payload);
    expect(read.ok && formatTrace(read.value)).toBe(payload);
    return true;
  },
  'route update': (_, key, payload) => key === routeUpdatesChannel && services.includes(payload),
  'telemd command': (_, key, payload) =>
    nodes.some(node => telemdCommandChannel(node) === key && telemdNode(key) === node) && parseTelemdCommand(payload).ok,
};

const push: Readonly<Record<string, Check>> = {
  response: checkResponse,
  'queued experiment'(entry, key, payload) {
    if (key !== experimentQueueKey) return false;
    const read = decodeQueueItem(payload);
    if (!read.ok || read.value.kind !== 'experiment') throw new Error(`${payload} is not an experiment`);
    const written = encodeQueuedExperiment(read.value.queued);
    // The object form was sent by hand.
    if (entry.argv[2]!.startsWith('{"__obj"')) expect(written).toBe(payload);
    else expect(decodeQueueItem(written)).toEqual(read);
    return true;
  },
  'recorded arrivals'({ argv }, key) {
    if (!/^w1:svc:\d$/.test(key)) return false;
    // The list has the last pushed first.
    const times = parseRecordedArrivals(argv.slice(2).toReversed());
    expect(times.ok && pushRecordedArrivals(key, times.value)).toEqual(argv);
    return true;
  },
};

const hash: Readonly<Record<string, Check>> = {
  'worker labels': ({ argv }, key) => workers.some(worker => workerLabelsKey(worker) === key) && argv[2]!.startsWith('galileo_'),
  'node info'({ argv }, key) {
    if (!nodes.some(node => nodeInfoKey(node) === key)) return false;
    const pairs = argv.slice(2).flatMap((name, index, all) => (index % 2 === 0 ? [[name, all[index + 1]!] as const] : []));
    const fields: Record<string, string> = Object.fromEntries(pairs);
    const { labels: _, allocatable: __, ...ours } = fields;
    expect(encodeNodeInfo(decodeNodeInfo(fields))).toEqual(ours);
    return true;
  },
};

const set: Readonly<Record<string, Check>> = {
  'client description'(_, key, payload) {
    const read = decodeClientDescription(payload);
    if (!read.ok) return false;
    expect(clientKey(read.value.clientId)).toBe(key);
    expect(encodeClientDescription(read.value)).toBe(payload);
    return true;
  },
};

const routes: Readonly<Record<string, Check>> = {
  route({ argv }, key) {
    const service = services.find(each => routeHostsKey(each) === key || routeWeightsKey(each) === key);
    if (service === undefined) return false;
    const values = argv.slice(2);
    const same = values.map(() => '1');
    const [hosts, weights] = key === routeHostsKey(service) ? [values, same] : [same, values];
    expect(parseRoute(service, hosts, weights)).toMatchObject({
      ok: true,
      value: { service, hosts, weights: weights.map(Number) },
    });
    return true;
  },
};

/** A name of a key, a channel or a pattern that ours know. */
const knownName = (name: string) =>
  [workersKey, routeServicesKey, routeUpdatesChannel, experimentQueueKey, eventChannel, traceChannel].includes(name) ||
  [telemetryPattern, telemdCommandPattern].includes(name) ||
  messages.some(message => message.channel === name) ||
  (name.startsWith(eventBusPrefix) && functions(name.slice(eventBusPrefix.length)) !== undefined) ||
  name.startsWith(rpcResponseKey('__rpc_')) ||
  name === rpcResponseKey('rq1') ||
  workers.some(worker => workerLabelsKey(worker) === name || workerClientsKey(worker) === name) ||
  services.some(service => routeHostsKey(service) === name || routeWeightsKey(service) === name) ||
  nodes.some(node => nodeInfoKey(node) === name || telemdCommandChannel(node) === name) ||
  clients.some(client => clientKey(client) === name || recordedArrivalsKey(client) === name);

const named: Readonly<Record<string, Check>> = {
  'life of an answer': ({ argv }, key, payload) => argv[0] === 'EXPIRE' && knownName(key) && payload === String(rpcResponseTtl),
  name: ({ argv }) =>
    !['PUBLISH', 'EXPIRE'].includes(argv[0]!) &&
    (argv[0] === 'PUBSUB' ? argv.slice(2) : argv[0]!.endsWith('SUBSCRIBE') ? argv.slice(1) : argv.slice(1, 2)).every(knownName),
};

const checks: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  PUBLISH: publish,
  LPUSH: push,
  RPUSH: routes,
  HMSET: hash,
  HSET: hash,
  SET: set,
};

const entries = jsonLines<Entry>('transcripts.jsonl');
const counts = new Map<string, number>();

test.each(entries.map(entry => [`${entry.argv.join(' ').slice(0, 90)} (${entry.cases[0]})`, entry] as const))(
  '%s',
  (_, entry) => {
    const [command, key = '', payload = ''] = entry.argv;
    const kind = Object.entries(checks[command!] ?? named).find(([, check]) => check(entry, key, payload))?.[0];
    expect(kind, 'nothing of ours knows this form').toBeDefined();
    counts.set(kind!, (counts.get(kind!) ?? 0) + 1);
  },
);

test('every kind of format came', () => {
  const kinds = [...Object.values(checks), named].flatMap(table => Object.keys(table));
  expect([...counts.keys()].sort()).toEqual([...new Set(kinds)].sort());
});

afterAll(() => {
  console.log(`forms in the transcripts: ${[...counts].map(([kind, count]) => `${kind} ${count}`).join(', ')}`);
});
