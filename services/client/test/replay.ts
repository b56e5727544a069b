import { type RedisServer, until } from '@galileo/testkit';
import { parseTrace, splitHeaders, type Trace } from '@galileo/wire';
import { expect } from 'vitest';

/** A command that somebody sent to Redis. */
export interface Exchange {
  readonly from: 'controller' | 'worker';
  readonly argv: readonly string[];
}

export interface Transcript {
  readonly cases: ReadonlyMap<string, readonly Exchange[]>;
  /** Recorded client -> its description, as it stood in Redis. */
  readonly descriptions: ReadonlyMap<string, string>;
}

/** Where a case is replayed, and what has been heard there so far. */
export interface World {
  readonly client: ReturnType<RedisServer['client']>;
  readonly worker: string;
  readonly service: string;
  readonly done: readonly string[];
  readonly registered: readonly string[];
  readonly traces: readonly Trace[];
  readonly upstream: string;
}

/** Cases in which ours behaves unlike the recording, and why. */
const exceptions: Record<string, string> = {
  '25-unknown-distribution': 'bug 3: the original client dies; ours refuses the workload and says that it is done',
  '27-zero-ia-crash': 'bug 3: the original client dies; ours sends as fast as its concurrency allows',
  '28-spawn-unknown-app': 'the original makes a client that never answers; ours refuses',
  '29-spawn-local-app': 'apps can not be run yet: ours refuses',
  '72-request-right-after-spawn': 'bug 1: the original loses the workload; ours has subscribed before it answers',
};
/** In them a workload ends that the recording never ended. */
const endsMore = ['25-unknown-distribution', '27-zero-ia-crash', '72-request-right-after-spawn'];
const refusesApps = ['28-spawn-unknown-app', '29-spawn-local-app'];
/** Recorded while tracing was paused by the case before. */
const paused = ['16-untraced-requests'];

/** Errors that Python itself makes of a wrong argument: ours are errors too, in words and class of their own. */
const pythonsOwnWords = /^(CreateClientCommand\.__new__|'NoneType' object has no attribute|invalid literal for int)/;

const bus = '__eventbus:global:';
const api = `${bus}galileo.worker.api.`;
const clientIds = /w\d:svc:\d+/g;

type Payload = { __obj: unknown[]; __type: string };

/** Replays what the controller sent in a case, and compares what comes of it. */
export async function replayCase(world: World, { cases, descriptions }: Transcript, name: string) {
  const { client, worker, service } = world;
  const exchanges = cases.get(name)!;
  const ids = new Map<string, string>();
  const earlier = new Set<string>();
  const consumed = new Set<Exchange>();
  const counts = { sent: 0, compared: 0 };
  const begin = { done: world.done.length, registered: world.registered.length, traces: world.traces.length };
  const doneOf = (id: string) => world.done.slice(begin.done).filter(payload => payload.includes(`"${id}"`)).length;
  const expectedDone = new Map<string, number>();

  const translate = (text: string) =>
    text
      .replace(clientIds, id => ids.get(id) ?? id)
      .replace(/"svc"/g, JSON.stringify(service))
      .replace(/"w\d"/g, JSON.stringify(worker))
      .replace(/(create_client:|galileo:worker:)w\d/g, `$1${worker}`)
      .replace(/^w\d$/, worker)
      .replace(/__rpc_/g, `__rpc_${name}_`);
  const same = (ours: unknown, recorded: unknown) => {
    expect(ours).toEqual(recorded);
    counts.compared += 1;
  };

  async function call(channel: string, payload: string, key: string, answers: number): Promise<Payload[]> {
    await client.publish(channel, payload);
    counts.sent += 1;
    const found: Payload[] = [];
    for (let i = 0; i < answers; i++) {
      const popped = await client.brpop(key, 3);
      if (popped === null) throw new Error(`no answer to ${payload}`);
      found.push(JSON.parse(popped[1]) as Payload);
    }
    return found;
  }

  /** Answers that the recording has to a call, up to the next call that is to be answered in the same place. */
  function answersTo(index: number, channelName: string): Exchange[] {
    const found: Exchange[] = [];
    for (const exchange of exchanges.slice(index + 1)) {
      const [command, key, text] = exchange.argv as [string, string, string];
      if (command === 'PUBLISH' && exchange.from === 'controller' && text.includes(`"${channelName}"`)) break;
      if (command === 'LPUSH' && exchange.from === 'worker' && key === `${bus}${channelName}`) found.push(exchange);
    }
    return found;
  }

  async function replayCall(index: number, channel: string, payload: string): Promise<boolean> {
    const parsed = JSON.parse(payload) as { __obj?: unknown[]; response_channel?: string };
    const responseChannel = (parsed.response_channel ?? parsed.__obj?.[1]) as string;
    const recorded = answersTo(index, responseChannel);
    for (const exchange of recorded) consumed.add(exchange);
    const isInfo = channel.endsWith('Client.get_info');
    const answers = isInfo && endsMore.includes(name) ? ids.size : recorded.length;
    const key = translate(`${bus}${responseChannel}`);
    const ours = await call(translate(channel), translate(payload), key, answers);
    if (refusesApps.includes(name) && channel.includes('create_client')) {
      same([ours[0]!.__obj[2], ours[0]!.__obj[3]], ['ValueError', true]);
      expect(String(ours[0]!.__obj[1])).toMatch(/^client: found the app "\w+"; allowed: null/);
      return false;
    }
    if (answers === 0) {
      // What comes after it is answered, so that it would have been by then.
      const [pong] = await call(`${bus}WorkerDaemon.ping`, pingOf(`${name}${index}`), `${bus}__pong_${name}${index}`, 1);
      expect(pong!.__obj[1]).toBe(worker);
      same(await client.exists(key), 0);
      return true;
    }
    const originals = recorded.map(exchange => exchange.argv[2]!);
    const made = (JSON.parse(originals[0] ?? '{}') as Payload).__obj?.[1];
    if (channel.includes('create_client') && Array.isArray(made)) {
      for (const [i, description] of made.entries()) {
        if (Array.isArray(description)) ids.set(description[0] as string, (ours[0]!.__obj[1] as string[][])[i]![0]!);
      }
    }
    const theirs = originals.map(text => JSON.parse(translate(text)) as Payload);
    if (isInfo) compareInfos(ours, theirs);
    else {
      for (const [i, answer] of ours.entries()) {
        const [words] = (theirs[i]!.__obj[1] as unknown[] | null) ?? [];
        if (theirs[i]!.__obj[3] === true && pythonsOwnWords.test(String(words))) {
          same([answer.__obj[0], answer.__obj[3], answer.__type], [theirs[i]!.__obj[0], true, theirs[i]!.__type]);
        } else same(answer, theirs[i]);
      }
    }
    const life = await client.ttl(key);
    expect(life === -2 || life > 290).toBe(true);
    return true;
  }

  /** One answer per client, in any order. The counts of clients that lived before the case are those of other cases. */
  function compareInfos(ours: Payload[], theirs: Payload[]): void {
    const byClient = (payloads: Payload[]) =>
      new Map(payloads.map(payload => [((payload.__obj[1] as unknown[])[0] as string[])[0]!, payload]));
    const [mine, original] = [byClient(ours), byClient(theirs)];
    if (!endsMore.includes(name)) expect([...mine.keys()].toSorted()).toEqual([...original.keys()].toSorted());
    expect(mine.size).toBe(ours.length);
    for (const [id, payload] of original) {
      const answer = mine.get(id)!;
      if (earlier.has(id) || endsMore.includes(name)) {
        expect((answer.__obj[1] as unknown[])[0]).toEqual((payload.__obj[1] as unknown[])[0]);
        same(
          [answer.__obj[0], ...answer.__obj.slice(2), answer.__type],
          [payload.__obj[0], ...payload.__obj.slice(2), payload.__type],
        );
      } else same(answer, payload);
    }
  }

  async function replayMessage(index: number, { argv }: Exchange): Promise<boolean> {
    const [command, key, ...rest] = argv as [string, string, ...string[]];
    if (command === 'PUBLISH' && /WorkerDaemon|get_info|nothing/.test(key)) return replayCall(index, key, rest[0]!);
    await client.call(command, translate(key), ...rest.map(translate));
    counts.sent += 1;
    if (endsMore.includes(name) && key.endsWith('SetWorkloadCommand')) {
      const id = ids.get(clientIds[Symbol.match](rest[0]!)![0]!)!;
      await until(`the end of the workload of ${id}`, () => doneOf(id) === 1);
      expectedDone.set(id, 1);
    }
    return true;
  }

  async function compareTrace(line: string): Promise<void> {
    const recorded = parseTrace(line);
    if (!recorded.ok) throw new Error(recorded.reason);
    const { value } = recorded;
    const id = ids.get(value.client)!;
    const counter = value.requestId.split(':')[1]!;
    const find = () =>
      world.traces.slice(begin.traces).find(trace => trace.client === id && trace.requestId.endsWith(`:${counter}`));
    const ours = await until(`trace ${counter} of ${id}`, find);
    expect(ours.done - ours.created).toBeGreaterThan(0);
    // A failed request of ours names the server that it was for.
    same(
      [ours.client, ours.service, ours.status, ours.server, ours.expId],
      [id, service, value.status, world.upstream, value.expId],
    );
    if (value.status < 0) return;
    // Date and the length of an echo are of the moment; fields of the connection are ours; the original makes a | a comma.
    const moment = { Date: expect.any(String), 'Content-Length': expect.any(String) };
    same(headersOf(ours), expect.objectContaining({ ...headersOf(value), ...moment }));
    if (value.response?.startsWith('{"method"')) compareEcho(ours.response!, value.response);
    // The original reads text without a charset as Latin-1; ours as UTF-8.
    else
      same(
        ours.response,
        Buffer.from(value.response ?? '', 'latin1')
          .toString()
          .trim(),
      );
  }

  /** What arrived at the target; of the fields those that the configuration asked for. */
  function compareEcho(ours: string, recorded: string): void {
    type Echo = { method: string; path: string; body: string; headers: Record<string, string> };
    const [mine, original] = [JSON.parse(ours) as Echo, JSON.parse(recorded) as Echo];
    const lower = Object.fromEntries(Object.entries(original.headers).map(([field, value]) => [field.toLowerCase(), value]));
    const headers = { 'content-type': lower['content-type'], 'x-a': lower['x-a'], 'content-length': lower['content-length'] };
    same(mine, JSON.parse(JSON.stringify({ ...original, headers })));
  }

  async function compare({ argv }: Exchange): Promise<void> {
    const [command, key, ...rest] = argv as [string, string, ...string[]];
    const [ourKey, ...ourRest] = [key, ...rest].map(translate) as [string, ...string[]];
    switch (command) {
      case 'SADD':
        await until(`${ourKey} to hold ${ourRest[0]}`, async () => (await client.sismember(ourKey, ourRest[0]!)) === 1);
        break;
      case 'SREM':
        await until(`${ourRest[0]} to be gone`, async () => (await client.sismember(ourKey, ourRest[0]!)) === 0);
        break;
      case 'SET':
        return same(await client.get(ourKey), ourRest[0]);
      case 'DEL':
        await until(`${ourKey} to be gone`, async () => (await client.exists(ourKey)) === 0);
        break;
      case 'PUBLISH':
        if (key === 'galileo/results/traces') return compareTrace(rest[0]!);
        if (key === `${api}RegisterWorkerEvent`) {
          await until('the event', () => world.registered.length > begin.registered);
          return same(world.registered.at(-1), ourRest[0]);
        }
        await ended(ourRest[0]!);
        break;
      default:
        throw new Error(`${command} ${key}: an answer that nothing was compared with`);
    }
    counts.compared += 1;
  }

  async function ended(payload: string): Promise<void> {
    const id = (JSON.parse(payload) as Payload).__obj[0] as string;
    const expected = (expectedDone.get(id) ?? 0) + 1;
    expectedDone.set(id, expected);
    await until(`done ${expected} of ${id}`, () => doneOf(id) >= expected);
    expect(world.done.slice(begin.done)).toContain(payload);
  }

  /** Clients that the case drives and that an earlier one had made. */
  async function makeEarlier(): Promise<void> {
    const made = new Set(exchanges.flatMap(({ argv }) => (argv[0] === 'SADD' ? [argv[2]!] : [])));
    const used = new Set(exchanges.flatMap(({ argv }) => argv.join(' ').match(clientIds) ?? []));
    const number = (id: string) => Number(id.split(':')[2]);
    for (const id of [...used].filter(each => !made.has(each)).toSorted((a, b) => number(a) - number(b))) {
      const config = (JSON.parse(translate(descriptions.get(id)!)) as unknown[])[2];
      const fn = `WorkerDaemon.create_client:${worker}`;
      const request = { __obj: [fn, `__made_${name}_${id}`, [[worker, config, 1]], {}], __type: 'pymq.core.RpcRequest' };
      const [answer] = await call(`${bus}${fn}`, JSON.stringify(request), `${bus}__made_${name}_${id}`, 1);
      ids.set(id, (answer!.__obj[1] as string[][])[0]![0]!);
      earlier.add(ids.get(id)!);
    }
  }

  await makeEarlier();
  if (paused.includes(name)) await client.publish(`${api}PauseTracingCommand`, '[]');
  for (const [index, exchange] of exchanges.entries()) {
    if (exchange.from === 'controller') {
      if (!(await replayMessage(index, exchange))) return counts;
    } else if (!consumed.has(exchange)) await compare(exchange);
  }
  for (const id of ids.values()) expect([id, doneOf(id)]).toEqual([id, expectedDone.get(id) ?? 0]);
  if (paused.includes(name)) same(world.traces.length, begin.traces);
  if (name in exceptions) expect(exceptions[name]).not.toBe('');
  return counts;
}

/** Header fields of the target, without what our own traces add. */
function headersOf(trace: Trace): Record<string, string> {
  return JSON.parse((splitHeaders(trace.headers).headers ?? '{}').replaceAll('|', ',')) as Record<string, string>;
}

const pingOf = (id: string) =>
  JSON.stringify({ __obj: ['WorkerDaemon.ping', `__pong_${id}`, [], {}], __type: 'pymq.core.RpcRequest' });
