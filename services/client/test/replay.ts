import { type RedisServer, until } from '@galileo/testkit';
import type { Trace } from '@galileo/wire';
import { expect } from 'vitest';
import { endsMore, exceptions, paused, pythonsOwnWords, refusesApps, serversOf } from './replay-exceptions.ts';
import { compareTrace } from './replay-traces.ts';
import type { Exchange, Transcript } from './transcripts.ts';

/** Where a case is replayed, and what has been heard there so far. */
export interface World {
  readonly client: ReturnType<RedisServer['client']>;
  /** Recorded worker -> ours. */
  readonly workers: ReadonlyMap<string, string>;
  readonly service: string;
  /** WorkloadDoneEvents. */
  readonly done: readonly string[];
  /** Register- and UnregisterWorkerEvents. */
  readonly lives: readonly string[];
  readonly traces: readonly Trace[];
  /** HOST:PORT of the target. */
  readonly upstream: string;
  /** Does to one of our workers what was done to the recorded one. */
  operate(action: string, worker: string): Promise<void>;
  /** Resolves when all workers have the routes that are in Redis. */
  routed(): Promise<void>;
}

const bus = '__eventbus:global:';
const api = `${bus}galileo.worker.api.`;
const clientIds = /w[\dk]:svc:\d+/g;

type Payload = { __obj: unknown[]; __type: string };

/** Replays what the controller sent in a case, and compares what comes of it. */
export async function replayCase(world: World, { cases, descriptions }: Transcript, name: string) {
  const { client, workers, service } = world;
  const exchanges = cases.get(name)!;
  const ids = new Map<string, string>();
  const earlier = new Set<string>();
  const consumed = new Set<Exchange>();
  const counts = { sent: 0, compared: 0 };
  const begin = { done: world.done.length, lives: world.lives.length, traces: world.traces.length };
  const doneOf = (id: string) => world.done.slice(begin.done).filter(payload => payload.includes(`"${id}"`)).length;
  const expectedDone = new Map<string, number>();
  const killed = new Set<string>();
  /** While a worker stands still, what is to be done when it goes on. */
  let later: (() => Promise<unknown>)[] | undefined;

  const ours = (recorded: string) => workers.get(recorded) ?? recorded;
  const port = world.upstream.split(':')[1]!;
  const translate = (text: string) =>
    text
      .replace(clientIds, id => ids.get(id) ?? id)
      .replace(/"svc"/g, JSON.stringify(service))
      .replace(/"(w[\dk])"/g, (_, worker: string) => JSON.stringify(ours(worker)))
      .replace(/(create_client:|galileo:worker:)(w[\dk])/g, (_, prefix: string, worker: string) => `${prefix}${ours(worker)}`)
      .replace(/^w[\dk]$/, ours)
      .replace(/^(routing:(?:hosts|weights):)?svc$/, `$1${service}`)
      .replace(/:8391$/, `:${port}`)
      .replace(/__rpc_/g, `__rpc_${name}_`);
  const same = (ours: unknown, recorded: unknown) => {
    expect(ours).toEqual(recorded);
    counts.compared += 1;
  };

  async function send(channel: string, payload: string): Promise<void> {
    const receivers = await client.publish(channel, payload);
    counts.sent += 1;
    if (killed.size > 0) same(receivers, 0);
  }

  async function answersIn(key: string, answers: number, payload: string): Promise<Payload[]> {
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
    await send(translate(channel), translate(payload));
    if (killed.size > 0) return true;
    const compareAnswers = async () => {
      const found = await answersIn(key, answers, payload);
      return checkAnswers(index, channel, key, recorded, found);
    };
    if (later === undefined) return compareAnswers();
    later.push(compareAnswers);
    return true;
  }

  async function checkAnswers(index: number, channel: string, key: string, recorded: Exchange[], ours: Payload[]) {
    if (refusesApps.includes(name) && channel.includes('create_client')) {
      same([ours[0]!.__obj[2], ours[0]!.__obj[3]], ['LookupError', true]);
      expect(String(ours[0]!.__obj[1])).toMatch(/^app "nosuchapp": neither in galileo_apps_dir nor at http/);
      return false;
    }
    if (ours.length === 0) {
      // What comes after it is answered, so that it would have been by then.
      const id = `${name}${index}`;
      await client.publish(`${bus}WorkerDaemon.ping`, pingOf(id));
      const [pong] = await answersIn(`${bus}__pong_${id}`, 1, id);
      expect([...workers.values()]).toContain(pong!.__obj[1]);
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
    if (channel.endsWith('WorkerDaemon.ping')) same(inAnyOrder(ours), inAnyOrder(theirs));
    else if (channel.endsWith('Client.get_info')) compareInfos(ours, theirs);
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
    const servers = serversOf(name);
    if (servers !== undefined) {
      for (const { __obj } of theirs) {
        const info = __obj[1] as [unknown, number, number];
        info[2] = servers.slice(0, info[1]).filter(server => server.fails).length;
      }
    }
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
    if (command === 'PUBLISH') await send(translate(key), translate(rest[0]!));
    else {
      await client.call(command, ...argv.slice(1).map(translate));
      counts.sent += 1;
    }
    if (command === 'EXEC') await world.routed();
    if (endsMore.includes(name) && key.endsWith('SetWorkloadCommand')) {
      const id = ids.get(clientIds[Symbol.match](rest[0]!)![0]!)!;
      await until(`the end of the workload of ${id}`, () => doneOf(id) === 1);
      expectedDone.set(id, 1);
    }
    return true;
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
      case 'HMSET':
        return compareLabels(key, await client.hgetall(ourKey), rest);
      case 'DEL':
        await until(`${ourKey} to be gone`, async () => (await client.exists(ourKey)) === 0);
        break;
      case 'PUBLISH':
        if (key === 'galileo/results/traces') {
          const expected = { name, service, upstream: world.upstream, ourId: (id: string) => ids.get(id)!, same };
          return compareTrace(rest[0]!, expected, () => world.traces.slice(begin.traces));
        }
        if (/(Unr|R)egisterWorkerEvent$/.test(key)) {
          await until(key, () => world.lives.slice(begin.lives).includes(ourRest[0]!));
          break;
        }
        await ended(ourRest[0]!);
        break;
      default:
        throw new Error(`${command} ${key}: an answer that nothing was compared with`);
    }
    counts.compared += 1;
  }

  /** How others are reached is no label of ours. */
  function compareLabels(worker: string, labels: Record<string, string>, pairs: string[]): void {
    for (let i = 0; i < pairs.length; i += 2) {
      const [field, value] = [pairs[i]!, pairs[i + 1]!];
      const isConnection = ['galileo_redis_host', 'galileo_redis_port', 'galileo_router_static_host'].includes(field);
      const own = field === 'galileo_worker_name' ? ours(worker) : value;
      same([field, labels[field]], [field, isConnection ? undefined : own]);
    }
  }

  async function operate(action: string, worker: string): Promise<void> {
    await world.operate(action, ours(worker));
    if (action === 'SIGKILL') killed.add(worker);
    else if (action === 'SIGSTOP') later = [];
    else if (action === 'SIGCONT') {
      const waiting = later ?? [];
      later = undefined;
      for (const compareAnswers of waiting) await compareAnswers();
    }
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
      const worker = ours(id.split(':')[0]!);
      const fn = `WorkerDaemon.create_client:${worker}`;
      const request = { __obj: [fn, `__made_${name}_${id}`, [[worker, config, 1]], {}], __type: 'pymq.core.RpcRequest' };
      await client.publish(`${bus}${fn}`, JSON.stringify(request));
      const [answer] = await answersIn(`${bus}__made_${name}_${id}`, 1, id);
      ids.set(id, (answer!.__obj[1] as string[][])[0]![0]!);
      earlier.add(ids.get(id)!);
    }
  }

  await makeEarlier();
  if (paused.includes(name)) await client.publish(`${api}PauseTracingCommand`, '[]');
  for (const [index, exchange] of exchanges.entries()) {
    if (exchange.from === 'operator') await operate(exchange.argv[0]!, exchange.argv[1]!);
    else if (exchange.from === 'controller') {
      if (!(await replayMessage(index, exchange))) return counts;
    } else if (killed.size > 0) continue;
    else if (!consumed.has(exchange)) await compare(exchange);
  }
  for (const id of ids.values()) expect([id, doneOf(id)]).toEqual([id, expectedDone.get(id) ?? 0]);
  if (paused.includes(name)) same(world.traces.length, begin.traces);
  if (name in exceptions) expect(exceptions[name]).not.toBe('');
  return counts;
}

const pingOf = (id: string) =>
  JSON.stringify({ __obj: ['WorkerDaemon.ping', `__pong_${id}`, [], {}], __type: 'pymq.core.RpcRequest' });

const inAnyOrder = (payloads: readonly Payload[]) => payloads.map(payload => JSON.stringify(payload)).toSorted();
