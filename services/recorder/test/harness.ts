import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as turn } from 'node:timers/promises';
import { openDirectPublisher, type Publisher } from '@galileo/bus';
import { type Ledger, RecorderDefinition, type RecordFilter, RecordKind } from '@galileo/proto/recorder';
import { type ProducerOptions, producerId, startProducer } from '@galileo/reconcile';
import { connect, createClock, type Logger, waitForServing } from '@galileo/service';
import { silentLog, temporaryDirectory } from '@galileo/testkit';
import type { Trace } from '@galileo/wire';
import { startRecorder } from '../src/service.ts';

const clock = createClock();

export interface RecorderOptions {
  readonly sqlitePath: string;
  readonly listen?: string;
  readonly token?: string;
  /** Where records come over Redis. */
  readonly redis?: { readonly host: string; readonly port: number };
  /** Rows that are committed together at the latest. */
  readonly batchSize?: number;
  /** Is it waited for until it serves? */
  readonly serving?: boolean;
}

/** A real recorder on a free port, and a client of it. */
export async function launchRecorder(options: RecorderOptions) {
  const { sqlitePath, listen = '127.0.0.1:0', token, redis } = options;
  const bus =
    redis === undefined ? { bus: 'direct' as const } : { bus: 'redis' as const, redisHost: redis.host, redisPort: redis.port };
  const service = await startRecorder(
    { listen, token, sqlitePath, ...(options.batchSize && { batchSize: options.batchSize }), ...bus },
    { log: silentLog, clock },
  );
  const address = service.addresses['grpc']!;
  const serving = () => waitForServing(address, 10);
  // Where a recorder was before, the shared channel still waits before it tries again.
  if (options.serving !== false) await serving();
  const connection = connect(RecorderDefinition, address, { credentials: { token }, timeout: 30 });
  const { client } = connection;
  let disposed: Promise<void> | undefined;
  return {
    address,
    client,
    serving,
    start: (experimentId: string, filter?: Partial<RecordFilter>) =>
      client.startRecording({ experimentId, ...(filter && { filter }) }),
    async stop(experimentId: string, timeout = 10): Promise<Ledger> {
      return (await client.stopRecording({ experimentId, timeout })).ledger!;
    },
    async [Symbol.asyncDispose]() {
      connection[Symbol.dispose]();
      disposed ??= Promise.resolve(service[Symbol.asyncDispose]());
      await disposed;
    },
  };
}

interface LaunchOptions {
  readonly recorder: string;
  readonly node?: string;
  readonly maxBytes?: number;
  readonly settle?: ProducerOptions['settle'];
  /** Opens another publisher than the direct one. */
  readonly openPublisher?: (options: { producerId: string; log: Logger; closeTimeout: number }) => Publisher;
  /** Stands between the producer and its publisher. */
  readonly wrap?: (publisher: Publisher) => Publisher;
  /** The spool; one of its own if undefined. */
  readonly spool?: ProducerOptions['spool'];
}

/** A real producer with one client instance, connected. */
export async function launchProducer(options: LaunchOptions) {
  const { recorder, node = 'node-a', maxBytes, settle, openPublisher, wrap } = options;
  const directory = await temporaryDirectory();
  const spool = options.spool ?? { directory: join(directory.path, 'spool'), maxBytes: 64 * 1024 * 1024 };
  const id = producerId('client', node);
  const bytes = maxBytes === undefined ? {} : { maxBytes };
  const common = { producerId: id, log: silentLog, closeTimeout: 1 };
  const open = openPublisher ?? (more => openDirectPublisher({ recorder, credentials: {}, ...more, ...bytes }));
  const opened = open(common);
  const publisher = wrap?.(opened) ?? opened;
  const settling = settle === undefined ? {} : { settle };
  const producer = startProducer({
    publisher,
    recorder,
    credentials: {},
    service: 'client',
    node,
    id,
    clock,
    log: silentLog,
    spool,
    ...settling,
  });
  await producer.ready(AbortSignal.timeout(10_000));
  const token = randomBytes(8).toString('hex');
  const clientId = `${node}:pi:0`;
  producer.openClient({ clientId, service: 'pi', token });
  let counter = 0;
  return {
    id,
    token,
    clientId,
    producer,
    publisher,
    next: () => ++counter,
    /** Waits until everything so far has been delivered. */
    async flush(): Promise<void> {
      // Records are published together, at the end of the turn in which they were made.
      await turn();
      await opened.flush();
    },
    /** Produces a trace, created now unless told. */
    trace(more: Partial<Trace> = {}): void {
      const now = clock.now();
      counter++;
      producer.trace({
        requestId: `${token}:${counter}`,
        client: clientId,
        service: 'pi',
        created: now,
        sent: now,
        done: now + 0.01,
        status: 200,
        server: '127.0.0.1:1',
        expId: null,
        headers: '{"Galileo-Bytes": "12", "Server": "test"}',
        response: 'body',
        ...more,
      });
    },
    sample(value = 1.5, metric = 'cpu'): void {
      producer.telemetry({ node, metric, subsystem: `${++counter}`, timestamp: clock.now(), value });
    },
    event(name = 'weight_update', value: string | null = '{"a": 1}'): void {
      producer.event({ timestamp: clock.now(), name: `${name}${++counter}`, value });
    },
    async [Symbol.asyncDispose]() {
      await producer[Symbol.asyncDispose]();
      await opened[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}

/** `[produced, stored, rejected, lost]` of a kind. */
export function balance(ledger: Ledger, kind: keyof typeof RecordKind): number[] | undefined {
  const entry = ledger.entries.find(one => one.kind === RecordKind[kind]);
  return entry && [entry.produced, entry.stored, entry.rejected, entry.lost];
}

/** Runs SQL on the file behind the recorder's back. */
export function sql(path: string, statement: string): Record<string, unknown>[] {
  const database = new DatabaseSync(path);
  try {
    database.exec('PRAGMA busy_timeout = 5000');
    return database.prepare(statement).all() as Record<string, unknown>[];
  } finally {
    database.close();
  }
}
