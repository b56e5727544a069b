import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, readConfig } from '@galileo/service';
import { startUpstream, temporaryDirectory } from '@galileo/testkit';
import { parseTraceCsv } from '@galileo/wire';
import { expect, test } from 'vitest';
import { variables } from '../src/config.ts';
import { startProcess } from './service-process.ts';
import { startWorker } from './worker.ts';

test('traces go into a file of the original form, which a second worker goes on with', async () => {
  await using directory = await temporaryDirectory();
  await using upstream = await startUpstream((_request, response) => response.end('one, "two"\nthree'));
  const env = { galileo_trace_logging: 'file', galileo_trace_dir: join(directory.path, 'exp'), galileo_trace_content: 'all' };
  for (let round = 0; round < 2; round++) {
    await using worker = await startWorker(env);
    const [client] = await worker.clients(1, upstream.address);
    await worker.load(client!.clientId, { requests: 5 });
    await worker.watch();
    expect(worker.traces).toEqual([]);
  }
  const text = await readFile(join(directory.path, 'exp', 'traces-w.csv'), 'utf8');
  expect(text.split('\r\n')[0]).toBe('request_id,client,service,created,sent,done,status,server,exp_id,headers,response');
  const parsed = parseTraceCsv(text);
  if (!parsed.ok) throw new Error(parsed.reason);
  expect(parsed.value.map(({ client, status, response }) => [client, status, response])).toEqual(
    new Array(10).fill(['w:pi:0', 200, 'one, "two"\nthree']),
  );
});

test('without traces the load goes on and no recorder is needed', async () => {
  await using upstream = await startUpstream((_request, response) => response.end());
  await using worker = await startWorker({ galileo_trace_logging: 'none', galileo_recorder: '127.0.0.1:1' });
  const [client] = await worker.clients(1, upstream.address);
  await worker.load(client!.clientId, { requests: 5 });
  expect((await worker.watch()).at(-1)).toMatchObject({ completed: 5, failed: 0 });
});

test('a directory that can not be had is told at the start', async () => {
  const starting = startWorker({ galileo_trace_logging: 'file', galileo_trace_dir: '/proc/nope' });
  await expect(starting).rejects.toThrow(ConfigError);
  await expect(starting).rejects.toThrow(/galileo_trace_dir: found "\/proc\/nope".*allowed: a directory to write in/);
});

test('the database is the recorder’s: sql is refused at the start, which says so', async () => {
  const words =
    'galileo_trace_logging: "sql" is not allowed; allowed: redis, file, none (not the original\'s sql: the recorder alone writes into the database)';
  expect(() => readConfig(variables, { galileo_trace_logging: 'sql' })).toThrow(words);
  await using refused = startProcess('client', { galileo_trace_logging: 'sql' });
  expect(await refused.exited).toEqual([1, null]);
  expect(refused.output().replaceAll('\\"', '"')).toContain(words);
});
