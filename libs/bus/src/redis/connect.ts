import type { Logger } from '@galileo/service';
import { Redis } from 'ioredis';
import { createDoorbell } from '../doorbell.ts';
import { authError, brokenError, connectionError, isSuperfluous, RedisError, replyError } from './errors.ts';
import { createStateLog, nextDelay } from './keep-linked.ts';
import { type RedisSettings, redisAddress } from './settings.ts';

/** A connection for commands. */
export interface RedisConnection extends AsyncDisposable {
  /**
   * The client. While there is no connection its commands fail at once with a RedisError that names HOST:PORT, and those
   * under way fail when it breaks (whether they ran is then unknown). A command without an answer fails after 5 s; so one
   * that blocks (BRPOP) must not do so for longer. It is not for subscriptions: openRedisReader is.
   */
  readonly client: Redis;
  /** HOST:PORT. */
  readonly address: string;
  readonly connected: boolean;
  /** Tells whether there is a connection, at once and whenever that changes. */
  onConnection(listener: (connected: boolean) => void): void;
  /** Resolves while there is a connection. @throws the reason of `signal` when that aborts first */
  ready(signal?: AbortSignal): Promise<void>;
}

/** Time a command may take, seconds. */
const commandTimeout = 5;
/** Ticks of a second: when the server is asked whether it lives, and after how many without an answer it is given up. */
const ticks = { ask: 2, dead: 5 };

/**
 * Connects to Redis for commands, and again whenever the connection is lost (after 0.1 to 1 s; after 2 s while the
 * password is wrong). Returns at once. Logs each change of state once.
 */
export function connectRedis(settings: RedisSettings, options: { readonly log: Logger; readonly name: string }): RedisConnection {
  const address = redisAddress(settings);
  const state = createStateLog(options.log, settings, options.name);
  const bell = createDoorbell();
  const ended = new AbortController();
  const listeners: ((connected: boolean) => void)[] = [];
  let connected = false;
  let failure: RedisError | undefined;
  let delay: number | undefined;

  const translate = (error: Error, command: string): Error => {
    if (error instanceof RedisError) return error;
    if (error.name === 'ReplyError') {
      // Such an error carries the words of the command: of AUTH, the password.
      if (command === 'auth') return authError(error.message, settings);
      // What the server says of the connection is put in plain words; what it says of the command is for the caller.
      return /^(NOAUTH|LOADING|MASTERDOWN|DENIED)/.test(error.message) ? replyError(error.message, settings) : error;
    }
    if (error.message === 'Command timed out') {
      return new RedisError(address, `Redis at ${address} has not answered for ${commandTimeout} s`);
    }
    return failure ?? new RedisError(address, `no connection to Redis at ${address}`);
  };

  let superfluous = false;
  const takesEverybody = () => {
    if (!superfluous) options.log.warn({ redis: address }, 'Redis asks for no password, though galileo_redis_password is set');
    superfluous = true;
  };

  class Client extends Redis {
    override sendCommand(...[command, stream]: Parameters<Redis['sendCommand']>): unknown {
      const { reject } = command;
      command.reject = error => {
        if (command.name === 'auth' && isSuperfluous(error.message)) {
          takesEverybody();
          command.resolve(Buffer.from('OK'));
        } else reject(translate(error, command.name));
      };
      return super.sendCommand(command, stream);
    }
  }

  const { host, port, username, password, tls } = settings;
  const client = new Client({
    host,
    port,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls !== undefined && { tls: tls.ca === undefined ? {} : { ca: tls.ca } }),
    protocol: 2,
    connectionName: options.name.replace(/[^!-~]/g, '-'),
    disableClientInfo: true,
    connectTimeout: commandTimeout * 1000,
    commandTimeout: commandTimeout * 1000,
    disconnectTimeout: 100,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    // Called when a connection has ended or could not be made, before the commands under way are told.
    retryStrategy: () => {
      failure ??= brokenError(settings, connected);
      state.down(failure);
      delay = nextDelay(delay, failure);
      return delay * 1000;
    },
  });

  const setConnected = (value: boolean) => {
    if (connected === value) return;
    connected = value;
    for (const listener of listeners) listener(connected);
    bell.ring();
  };

  const giveUp = (error: RedisError) => {
    failure = error;
    client.disconnect(true);
  };
  /** Ticks since the client last changed its state or Redis last answered. Ticks, so that an own standstill counts as one. */
  let silent = 0;
  const ticking = setInterval(() => {
    silent++;
    if (client.status === 'ready') {
      if (silent >= ticks.dead) giveUp(new RedisError(address, `Redis at ${address} has been silent for ${ticks.dead} s`));
      else if (silent % ticks.ask === 0) {
        const heard = () => {
          silent = 0;
        };
        // An error reply is a sign of life too; without an answer it is rejected when the connection ends.
        client.ping().then(heard, error => {
          if (!(error instanceof RedisError)) heard();
        });
      }
    } else if (client.status === 'connect' && silent >= ticks.dead) {
      state.down(new RedisError(address, `Redis at ${address} does not take commands: it is loading its data, or stands still`));
    }
  }, 1000);

  client.on('error', error => {
    failure = connectionError(error, settings, connected);
  });
  client.on('connect', () => {
    silent = 0;
  });
  client.on('ready', () => {
    silent = 0;
    delay = undefined;
    failure = undefined;
    state.up();
    setConnected(true);
  });
  client.on('close', () => setConnected(false));

  const dispose = async () => {
    clearInterval(ticking);
    ended.abort();
    const closed = Promise.withResolvers<void>();
    if (client.status === 'end' || client.status === 'reconnecting') closed.resolve();
    client.once('end', () => closed.resolve());
    client.disconnect();
    await closed.promise;
    setConnected(false);
  };
  let disposed: Promise<void> | undefined;

  return {
    client,
    address,
    get connected() {
      return connected;
    },
    onConnection(listener) {
      listeners.push(listener);
      listener(connected);
    },
    async ready(signal) {
      const stop = signal === undefined ? ended.signal : AbortSignal.any([signal, ended.signal]);
      if (!(await bell.until(() => connected, stop))) stop.throwIfAborted();
    },
    [Symbol.asyncDispose]: () => (disposed ??= dispose()),
  };
}
