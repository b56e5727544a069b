import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openDirectPublisher } from '@galileo/bus';
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

test.runIf(process.platform === 'linux')('a directory that can not be made is named with the variable', async () => {
  const started = start('/proc/nope/spool');
  await expect(started).rejects.toThrow(ConfigError);
  await expect(started).rejects.toThrow(
    /^galileo_spool_dir: the spool \/proc\/nope\/spool can't be used: ENOENT.*; allowed: a directory/,
  );
});
