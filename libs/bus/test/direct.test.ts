import {
  type PublishRequest,
  type PublishResponse,
  RecorderDefinition,
  type RecorderServiceImplementation,
} from '@galileo/proto/recorder';
import { bind, createLog, failedPrecondition, startGrpcServer, unavailable } from '@galileo/service';
import { silentLog, until } from '@galileo/testkit';
import { expect, test } from 'vitest';
import { openDirectPublisher } from '../src/index.ts';

interface Behaviour {
  /** Breaks a stream after so many batches. */
  breakAfter?: number;
  /** Never answers. */
  silent?: boolean;
  listen?: string;
  token?: string;
}

const refuse = async (): Promise<never> => {
  throw unavailable('this receiver only takes records');
};
// biome-ignore lint/correctness/useYield: a stream that is refused
async function* refuseStream(): AsyncGenerator<never> {
  await refuse();
}
const unused: Omit<RecorderServiceImplementation, 'publish'> = {
  startRecording: refuse,
  stopRecording: refuse,
  getRecording: refuse,
  watchRecording: refuseStream,
  listRecordings: refuse,
  reconcile: refuseStream,
  syncClock: refuseStream,
};

/** The receiving end of Recorder.Publish: it takes each batch once and acknowledges it. */
async function startReceiver(
  behaviour: Behaviour = {},
  state = { accepted: 0, lines: [] as string[], producers: [] as string[] },
) {
  const closing = new AbortController();
  async function* publish(requests: AsyncIterable<PublishRequest>): AsyncGenerator<PublishResponse> {
    let batches = 0;
    const closed = new Promise<undefined>(resolve => closing.signal.addEventListener('abort', () => resolve(undefined)));
    const incoming = requests[Symbol.asyncIterator]();
    for (;;) {
      const request = (await Promise.race([incoming.next(), closed]))?.value as PublishRequest | undefined;
      if (request === undefined) return;
      if (batches === 0) state.producers.push(request.producerId);
      if (request.sequence > state.accepted) {
        state.accepted = request.sequence;
        state.lines.push(...request.records.map(record => record.line.toString()));
      }
      if (++batches === behaviour.breakAfter) throw failedPrecondition('the test breaks the stream');
      if (!behaviour.silent) yield { durableSequence: state.accepted };
    }
  }
  const server = await startGrpcServer({
    listen: behaviour.listen ?? '127.0.0.1:0',
    credentials: { token: behaviour.token },
    log: silentLog,
    services: [bind(RecorderDefinition, { ...unused, publish })],
  });
  return {
    state,
    address: server.address,
    [Symbol.asyncDispose]() {
      closing.abort();
      return server[Symbol.asyncDispose]();
    },
  };
}

const producer = { credentials: {}, producerId: 'test/node/1', log: silentLog };

test('what is published arrives in order, and flush waits until it is durable', async () => {
  await using receiver = await startReceiver();
  await using publisher = openDirectPublisher({ ...producer, recorder: receiver.address });
  const lines = Array.from({ length: 2500 }, (_, i) => `line ${i} grüß`);
  for (const line of lines) publisher.publish('event', 'galileo/events', line);
  await publisher.flush();
  expect(receiver.state.lines).toEqual(lines);
  expect(receiver.state.producers).toEqual(['test/node/1']);
});

test('without a flush a line leaves all the same', async () => {
  await using receiver = await startReceiver();
  await using publisher = openDirectPublisher({ ...producer, recorder: receiver.address });
  publisher.publish('event', 'galileo/events', 'x');
  await until('the line has arrived', () => receiver.state.lines.length === 1);
});

test('after breaks the unacknowledged batches are sent again', async () => {
  await using receiver = await startReceiver({ breakAfter: 2 });
  await using publisher = openDirectPublisher({ ...producer, recorder: receiver.address });
  const lines = Array.from({ length: 3000 }, (_, i) => `line ${i}`);
  for (const line of lines) publisher.publish('event', 'galileo/events', line);
  await publisher.flush();
  expect(receiver.state.lines).toEqual(lines);
  expect(receiver.state.producers.length).toBeGreaterThan(1);
  expect(publisher.lost).toEqual({ trace: 0, telemetry: 0, event: 0 });
});

test('a receiver that comes later, and one that comes again, get everything', async () => {
  const lines = Array.from({ length: 20 }, (_, i) => `line ${i}`);
  const first = await startReceiver();
  const { address, state } = first;
  await using publisher = openDirectPublisher({ ...producer, recorder: address });
  publisher.publish('event', 'galileo/events', lines[0]!);
  await publisher.flush();
  await first[Symbol.asyncDispose]();
  for (const line of lines.slice(1)) publisher.publish('event', 'galileo/events', line);
  await using _second = await startReceiver({ listen: address }, state);
  await publisher.flush();
  expect(state.lines).toEqual(lines);
});

test('the cap bounds what is kept, and what is lost is counted and told', async () => {
  await using receiver = await startReceiver({ silent: true });
  await using publisher = openDirectPublisher({ ...producer, recorder: receiver.address, maxBytes: 20_000, closeTimeout: 0.1 });
  const told: string[] = [];
  publisher.onLost((kind, channel, line) => told.push(`${kind} ${channel} ${line}`));
  for (let i = 0; i < 1000; i++) publisher.publish(i % 2 === 0 ? 'trace' : 'telemetry', 'c', 'x'.repeat(100));
  expect(publisher.lost.trace + publisher.lost.telemetry).toBeGreaterThan(800);
  expect(told).toHaveLength(publisher.lost.trace + publisher.lost.telemetry);
  await expect(publisher.flush(AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
});

test('a wrong token is logged, nothing throws, and disposal ends', async () => {
  await using receiver = await startReceiver({ token: 'right' });
  const log: string[] = [];
  const publisher = openDirectPublisher({
    ...producer,
    recorder: receiver.address,
    credentials: { token: 'hunter2' },
    log: createLog('test', 'WARN', { write: line => void log.push(line) }),
  });
  await until('the refusal is logged', () => log.some(line => line.includes('UNAUTHENTICATED')));
  expect(log.join()).not.toContain('hunter2');
  await publisher[Symbol.asyncDispose]();
  publisher.publish('event', 'galileo/events', 'too late');
  expect(publisher.lost.event).toBe(1);
});
