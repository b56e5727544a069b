import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { RecorderDefinition, RecordKind } from '@galileo/proto/recorder';
import { connect, waitForServing } from '@galileo/service';
import { temporaryDirectory, until } from '@galileo/testkit';
import { createChannel, createClient, Metadata, Status } from 'nice-grpc';
import { expect, test } from 'vitest';
import { launchProducer, launchRecorder } from './harness.ts';

type Client = Awaited<ReturnType<typeof launchRecorder>>['client'];
const drain = async (stream: AsyncIterable<unknown>) => {
  for await (const _ of stream);
};
async function* sending<T>(...messages: T[]) {
  yield* messages;
}
const hello = { message: { $case: 'hello' as const, value: { producerId: 'a/b/c', service: 'a', node: 'b' } } };
const publish = (client: Client, ...messages: object[]) => drain(client.publish(sending(...messages)));
const reconcile = (client: Client, ...messages: object[]) => drain(client.reconcile(sending(...messages)));

const refusals: [string, (client: Client) => Promise<unknown>, string][] = [
  ['publishing needs a producer', c => publish(c, { sequence: 1 }), 'INVALID_ARGUMENT: producer_id: found none'],
  ['batches are counted from 1', c => publish(c, { producerId: 'p', sequence: 0 }), 'INVALID_ARGUMENT: sequence: found 0'],
  [
    'a stream has one producer',
    c => publish(c, { producerId: 'p', sequence: 1 }, { producerId: 'q', sequence: 2 }),
    'found "q" on the stream of "p"',
  ],
  ['the first message is hello', c => reconcile(c, { message: undefined }), 'INVALID_ARGUMENT: message: found none at the begin'],
  [
    'a statement is no hello',
    c => reconcile(c, { message: { $case: 'statement', value: { recordingId: 'r' } } }),
    'found statement at the begin of the stream; allowed: hello',
  ],
  [
    'a hello says who',
    c => reconcile(c, { message: { $case: 'hello', value: { producerId: 'x' } } }),
    'hello.service: found none',
  ],
  ['one hello is enough', c => reconcile(c, hello, hello), 'found hello again'],
  [
    'a time is finite',
    c => reconcile(c, hello, { message: { $case: 'opened', value: { recordingId: 'r', from: Number.NaN } } }),
    'opened.from: found NaN',
  ],
  [
    'a clock is finite',
    c => reconcile(c, hello, { message: { $case: 'clock', value: { uncertainty: -1 } } }),
    'clock: found at 0, offset 0, uncertainty -1',
  ],
  [
    'statements are checked',
    c =>
      reconcile(c, hello, {
        message: { $case: 'statement', value: { recordingId: 'r', buckets: [{ kind: RecordKind.TRACE }] } },
      }),
    'statement.buckets: found kind 1',
  ],
  ['a recording has an id', c => c.stopRecording({}), 'experiment_id: found ""; allowed: 1 to 100 characters'],
  ['names are short', c => c.startRecording({ name: 'x'.repeat(101) }), 'name: found 101 characters; allowed: at most 100'],
  ['creators too', c => c.startRecording({ creator: 'x'.repeat(101) }), 'creator: found 101 characters; allowed: at most 100'],
  ['metadata are JSON', c => c.startRecording({ metadata: '{' }), 'INVALID_ARGUMENT: metadata: found no JSON ('],
  ['and an object', c => c.startRecording({ metadata: '[1]' }), 'metadata: found an array; allowed: a JSON object'],
  ['not null', c => c.startRecording({ metadata: 'null' }), 'metadata: found null; allowed: a JSON object'],
  [
    'a recording is not watched too often',
    c => drain(c.watchRecording({ experimentId: 'x', interval: 0.05 })),
    'INVALID_ARGUMENT: interval: found 0.05; allowed: seconds from 0.1 to 3600, 0 for 1',
  ],
  ['intervals are numbers', c => drain(c.watchRecording({ experimentId: 'x', interval: Number.NaN })), 'interval: found NaN'],
  [
    'an unknown recording can’t be watched',
    c => drain(c.watchRecording({ experimentId: 'x' })),
    'NOT_FOUND: there is no recording "x"',
  ],
  [
    'a page token is one that was given',
    c => c.listRecordings({ pageToken: 'x' }),
    'INVALID_ARGUMENT: page_token: found "x"; allowed',
  ],
  ['ids are short', c => c.startRecording({ experimentId: 'x'.repeat(101) }), 'allowed: 1 to 100 characters'],
  [
    'filters name kinds',
    c => c.startRecording({ experimentId: 'x', filter: { kinds: [RecordKind.UNSPECIFIED] } }),
    'filter.kinds: found 0',
  ],
  ['time-outs are spans', c => c.stopRecording({ experimentId: 'x', timeout: -1 }), 'timeout: found -1'],
  ['an unknown recording can’t be stopped', c => c.stopRecording({ experimentId: 'x' }), 'NOT_FOUND: there is no recording "x"'],
  ['nor read', c => c.getRecording({ experimentId: 'x' }), 'NOT_FOUND: there is no recording "x"'],
  [
    'a recording starts once',
    async c => {
      await c.startRecording({ experimentId: 'twice' });
      await c.startRecording({ experimentId: 'twice' });
    },
    'ALREADY_EXISTS: recording "twice" exists already and is open',
  ],
  [
    'and not again after its end',
    async c => {
      await c.stopRecording({ experimentId: 'twice' });
      await c.startRecording({ experimentId: 'twice' });
    },
    'exists already and has ended',
  ],
];

test('wrong messages get clear errors, and the recorder goes on', async () => {
  await using directory = await temporaryDirectory();
  await using recorder = await launchRecorder({ sqlitePath: join(directory.path, 'store.db') });
  for (const [sentence, call, message] of refusals) {
    await expect(call(recorder.client), sentence).rejects.toThrow(message);
  }
  await waitForServing(recorder.address, 1);
  await using producer = await launchProducer({ recorder: recorder.address });
  await recorder.start('after');
  producer.trace();
  expect(await recorder.stop('after')).toMatchObject({ final: true, mismatches: [] });
});

test('a batch that is sent again is acknowledged and stored once', async () => {
  await using directory = await temporaryDirectory();
  await using recorder = await launchRecorder({ sqlitePath: join(directory.path, 'store.db') });
  const records = [{ channel: 'galileo/events', line: Buffer.from('1.5 x') }];
  for (const sequence of [7, 7, 3]) {
    const answers = [];
    for await (const answer of recorder.client.publish(sending({ producerId: 'p', sequence, records }))) answers.push(answer);
    expect(answers).toEqual([{ durableSequence: 7 }]);
  }
});

test('without the token nothing is said, and a producer is told why', async () => {
  await using directory = await temporaryDirectory();
  await using recorder = await launchRecorder({ sqlitePath: join(directory.path, 'store.db'), token: 'right' });
  using stranger = connect(RecorderDefinition, recorder.address, { credentials: { token: 'wrong' } });
  await expect(stranger.client.getRecording({ experimentId: 'x' })).rejects.toMatchObject({ code: Status.UNAUTHENTICATED });
  await expect(reconcile(stranger.client, hello)).rejects.toMatchObject({ code: Status.UNAUTHENTICATED });
  await expect(publish(stranger.client, { producerId: 'p', sequence: 1 })).rejects.toMatchObject({
    code: Status.UNAUTHENTICATED,
  });
  await expect(recorder.client.getRecording({ experimentId: 'x' })).rejects.toThrow('NOT_FOUND');
});

test('another version is refused by name', async () => {
  await using directory = await temporaryDirectory();
  await using recorder = await launchRecorder({ sqlitePath: join(directory.path, 'store.db') });
  const channel = createChannel(recorder.address);
  const client = createClient(RecorderDefinition, channel);
  const metadata = Metadata({ 'galileo-version': '9.9.9' });
  await expect(drain(client.reconcile(sending(hello), { metadata }))).rejects.toThrow(/FAILED_PRECONDITION.*9\.9\.9/);
  channel.close();
});

test('a newer stream of a producer ends the older', async () => {
  await using directory = await temporaryDirectory();
  await using recorder = await launchRecorder({ sqlitePath: join(directory.path, 'store.db') });
  const hanging = new AbortController();
  async function* open() {
    yield hello;
    await new Promise(resolve => hanging.signal.addEventListener('abort', resolve));
  }
  let greeted = 0;
  const ends: Promise<unknown>[] = [];
  for (let i = 1; i <= 2; i++) {
    ends.push(
      (async () => {
        for await (const _ of recorder.client.reconcile(open(), { signal: hanging.signal })) greeted++;
      })().catch(() => 'aborted'),
    );
    await until(`stream ${i} is greeted`, () => greeted === i);
  }
  expect(await ends[0]).toBeUndefined();
  hanging.abort();
  await Promise.all(ends);
});

test('the process explains itself', async () => {
  const program = join(import.meta.dirname, '..', 'src', 'main.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [program, '--help']);
  expect(stdout).toContain('galileo_expdb_sqlite_path');
});
