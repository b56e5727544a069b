import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDirectPublisher, type Publisher } from '@galileo/bus';
import { ConfigError, createClock } from '@galileo/service';
import { freePort, silentLog, temporaryDirectory } from '@galileo/testkit';
import { expect, test } from 'vitest';
import { startProducer } from './producer.ts';
import { producerId } from './producer-id.ts';

const clock = createClock();

/** A producer of a recorder that is not there. */
async function start(directory: string) {
  const recorder = `127.0.0.1:${await freePort()}`;
  const id = producerId('telemd', 'n');
  const common = { recorder, credentials: {}, log: silentLog };
  const publisher = openDirectPublisher({ ...common, producerId: id, closeTimeout: 0.01 });
  try {
    const spool = { directory, maxBytes: 2 ** 20 };
    const producer = startProducer({ ...common, publisher, service: 'telemd', node: 'n', id, clock, spool });
    return {
      async [Symbol.asyncDispose]() {
        await producer[Symbol.asyncDispose]();
        await publisher[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await publisher[Symbol.asyncDispose]();
    throw error;
  }
}

test('the second producer of a directory takes one beside it, and both go with their producers, which were in no recording', async () => {
  await using parent = await temporaryDirectory();
  const directory = join(parent.path, 'spool');
  {
    await using _first = await start(directory);
    await using _second = await start(directory);
    expect([existsSync(directory), existsSync(`${directory}.2`)]).toEqual([true, true]);
  }
  expect([existsSync(directory), existsSync(`${directory}.2`)]).toEqual([false, false]);
});

/** A publisher that tells when it sends, and sends nothing. */
function startSilentPublisher() {
  let send = () => {};
  const publisher: Publisher = {
    publish() {},
    async flush() {},
    sequence: 0,
    lost: { trace: 0, telemetry: 0, event: 0 },
    onLost() {},
    beforeSend(listener) {
      send = listener;
    },
    async [Symbol.asyncDispose]() {},
  };
  return { publisher, send: () => send() };
}

async function startSilent(directory: string, now = clock.now) {
  const { publisher, send } = startSilentPublisher();
  const recorder = `127.0.0.1:${await freePort()}`;
  const options = { recorder, credentials: {}, log: silentLog, service: 'client', node: 'n', id: producerId('client', 'n') };
  const producer = startProducer({ ...options, publisher, clock: { ...clock, now }, spool: { directory, maxBytes: 2 ** 20 } });
  return { producer, send };
}

test('what is sent after the end of a producer leaves nothing of its spool behind, however late', async () => {
  await using parent = await temporaryDirectory();
  const directory = join(parent.path, 'spool');
  let later = 0;
  const { producer, send } = await startSilent(directory, () => clock.now() + later);
  producer.telemetry({ node: 'n', metric: 'cpu', subsystem: '', timestamp: clock.now(), value: 1 });
  send();
  expect(existsSync(directory)).toBe(true);
  await producer[Symbol.asyncDispose]();
  later = 60;
  send();
  expect(existsSync(directory)).toBe(false);
});

test('a burst of requests is noted little ahead, however short it is', async () => {
  await using parent = await temporaryDirectory();
  const directory = join(parent.path, 'spool');
  const { producer } = await startSilent(directory);
  await using _ = producer;
  const { issued } = producer.openClient({ clientId: 'c', service: 's', token: '0123456789abcdef' });
  for (let counter = 1; counter <= 20; counter++) issued(counter);
  const [file] = readdirSync(directory).filter(name => name.includes('issued'));
  expect(Number(readFileSync(join(directory, file!), 'utf8').split(' ')[1])).toBeLessThanOrEqual(40);
});

test.runIf(process.platform === 'linux')('a directory that can not be made is named with the variable', async () => {
  const started = start('/proc/nope/spool');
  await expect(started).rejects.toThrow(ConfigError);
  await expect(started).rejects.toThrow(
    /^galileo_spool_dir: the spool \/proc\/nope\/spool can't be used: ENOENT.*; allowed: a directory/,
  );
});
