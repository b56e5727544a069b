import { type CallOptions, InterceptingCall, type Interceptor, status } from '@grpc/grpc-js';
import type { Etcd3, IOptions } from 'etcd3';
import { EtcdError, etcdError } from './etcd-error.ts';
import { expectAddress, isNumeric, sentName } from './etcd-numeric-host.ts';
import type { EtcdSettings } from './etcd-settings.ts';

/** How long etcd may take to answer a call that is no stream, seconds. */
export const patience = 3;

/**
 * One connection to one endpoint of etcd, authenticated. It is thrown away when anything goes wrong on it and another is
 * opened: etcd3's own ways to go on (back-off up to 23 s, a circuit breaker, a login that leaves a channel behind each time) are switched off.
 */
export interface EtcdSession extends Disposable {
  readonly endpoint: string;
  readonly client: Etcd3;
  /** Lets go of the connection when the calls on it have ended; disposing ends them. */
  retire(): void;
}

/** etcd refuses clients that ping more often than every 5 s, so a half-open connection is noticed after at most 10 s. */
const channelOptions = {
  'grpc.keepalive_time_ms': 6000,
  'grpc.keepalive_timeout_ms': 4000,
  'grpc.enable_http_proxy': 0,
  // Else a new session would inherit the back-off of the one before.
  'grpc.use_local_subchannel_pool': 1,
  'grpc.max_receive_message_length': 64 * 1024 * 1024,
};

/** What a session's error says when its login is no longer valid. */
const loginOver = 'the login is over';

/** Lets a call through and its error out, as they are. */
const noPolicy = { execute: async (run: (context: object) => unknown) => run({ signal: new AbortController().signal }) };

/** etcd3 goes on with a watch after this; a session's watch ends instead, so it never matters. */
const soon = { duration: 1, next: () => soon };

/** The calls of a session: what they carry, and a way to end them all, which etcd3 lacks. */
function createCalls() {
  const running = new Set<InterceptingCall>();
  let token: string | undefined;
  const interceptor: Interceptor = (options, next) => {
    const call = new InterceptingCall(next(options), {
      start(metadata, _listener, start) {
        // A member that has lost its cluster shall end a watch rather than keep silent.
        metadata.set('hasleader', 'true');
        if (token !== undefined) metadata.set('token', token);
        start(metadata, {
          onReceiveStatus(received, end) {
            running.delete(call);
            // By these words etcd3 would know that the token is no longer valid, and call again and again with the same one.
            const details = received.details.replace('invalid auth token', loginOver);
            end({ ...received, details });
          },
        });
      },
    });
    running.add(call);
    return call;
  };
  return {
    interceptor,
    use(received: string) {
      token = received;
    },
    cancel() {
      for (const call of [...running]) call.cancelWithStatus(status.CANCELLED, 'the session is closed');
    },
  };
}

function optionsOf(settings: EtcdSettings, endpoint: string, interceptor: Interceptor): IOptions {
  const { tls } = settings;
  const credentials = {
    rootCertificate: tls?.ca as Buffer,
    ...(tls?.key && tls.cert ? { privateKey: tls.key, certChain: tls.cert } : {}),
  };
  const policy = noPolicy as unknown as NonNullable<NonNullable<IOptions['faultHandling']>['global']>;
  return {
    hosts: endpoint,
    ...(tls ? { credentials } : {}),
    grpcOptions: isNumeric(settings, endpoint) ? { ...channelOptions, ...sentName } : channelOptions,
    defaultCallOptions: (context): CallOptions => ({
      interceptors: [interceptor],
      ...(context.isStream ? {} : { deadline: Date.now() + patience * 1000 }),
    }),
    faultHandling: { global: policy, host: () => policy, watchBackoff: soon },
  };
}

/**
 * Opens a session and logs in if there is a user; otherwise nothing is sent yet. It ends when `signal` aborts.
 * @throws EtcdError
 */
export async function openSession(settings: EtcdSettings, endpoint: string, signal: AbortSignal): Promise<EtcdSession> {
  if (signal.aborted) throw new EtcdError(endpoint, 'unreachable', 'the connection has been closed here', signal.reason);
  const calls = createCalls();
  const { username, password } = settings;
  // Loaded only here: it takes megabytes, and services without etcd import this package too.
  const etcd3 = await import('etcd3');
  let client: Etcd3;
  try {
    client = new etcd3.Etcd3(optionsOf(settings, endpoint, calls.interceptor));
    if (isNumeric(settings, endpoint)) expectAddress(client, settings, endpoint);
  } catch (error) {
    throw etcdError(error, endpoint, settings);
  }
  function close(): void {
    signal.removeEventListener('abort', close);
    calls.cancel();
    client.close();
  }
  signal.addEventListener('abort', close);
  const session: EtcdSession = {
    endpoint,
    client,
    retire() {
      signal.removeEventListener('abort', close);
      client.close();
    },
    [Symbol.dispose]: close,
  };
  if (username === undefined || password === undefined) return session;
  try {
    calls.use((await client.auth.authenticate({ name: username, password })).token);
    return session;
  } catch (error) {
    close();
    throw etcdError(error, endpoint, settings);
  }
}
