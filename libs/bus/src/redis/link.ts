import { connect as connectPlain, isIP, type OnReadOpts, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { authError, brokenError, connectionError, isSuperfluous, lateError, RedisError, replyError } from './errors.ts';
import { createRespParser, isError, type RespHandler, type RespReply } from './resp.ts';
import { type RedisSettings, redisAddress } from './settings.ts';

/** How long a connection may take until Redis has answered its first commands, seconds. */
const patience = 5;
/** A connection on which nothing came for so many seconds is asked whether it lives, and given up after so many. */
const silence = { ask: 2, dead: 5 };

/** An open connection to Redis that has authenticated. */
export interface Link {
  /**
   * Hands bytes to the socket, which needs them until it calls `done`.
   * @returns false if the socket has enough until `drained`
   */
  write(bytes: Uint8Array | string, done?: () => void): boolean;
  /** Ends the connection; `carryLink` then throws `error`. */
  fail(error: Error): void;
}

export interface LinkOptions extends RespHandler {
  readonly settings: RedisSettings;
  /** Name of the connection in Redis' CLIENT LIST. */
  readonly name: string;
  readonly signal: AbortSignal;
  /** Redis has let us in: from now on bytes may be written and replies come. */
  opened(link: Link): void;
  /** Called after the frames of each read. */
  received(): void;
  /** The socket takes more. */
  drained(): void;
  /** Nothing came for a while: a PING is to be written, whose answer then comes as a reply. */
  ask(): void;
}

/** A command as Redis reads it. */
export function encodeCommand(...words: readonly string[]): string {
  return `*${words.length}\r\n${words.map(word => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;
}

function openSocket(settings: RedisSettings, onread: OnReadOpts): Socket {
  const { host, port, tls } = settings;
  const socket =
    tls === undefined
      ? connectPlain({ host, port, onread })
      : connectTls({
          host,
          port,
          ...(tls.ca !== undefined && { ca: tls.ca }),
          // An IP address must not stand in SNI; it is compared with the certificate all the same.
          ...(isIP(host) === 0 && { servername: host }),
          // `onread` is not in the types of tls, though tls.connect() hands it on.
          ...({ onread } as object),
        });
  socket.setNoDelay(true);
  return socket;
}

interface Step {
  readonly command: string;
  /** What to do about an error reply; undefined: it doesn't matter. */
  refused(text: string): RedisError | undefined;
}

/** The first commands of a connection. PING shows whether Redis takes commands: not while it loads or wants a password. */
function handshakeOf(settings: RedisSettings, name: string): readonly Step[] {
  const { username, password } = settings;
  const steps: Step[] = [];
  if (password !== undefined) {
    steps.push({
      command: username === undefined ? encodeCommand('AUTH', password) : encodeCommand('AUTH', username, password),
      refused(text) {
        return isSuperfluous(text) ? undefined : authError(text, settings);
      },
    });
  }
  steps.push({ command: encodeCommand('CLIENT', 'SETNAME', name.replace(/[^!-~]/g, '-')), refused: () => undefined });
  steps.push({
    command: encodeCommand('PING'),
    refused: text => (text.startsWith('NOPERM') ? undefined : replyError(text, settings)),
  });
  return steps;
}

/**
 * Carries one connection to Redis: connects, encrypts, authenticates, hands on what comes until it ends.
 * What comes is always taken from the socket at once. A connection on which Redis is silent, though asked, is given up.
 * @throws RedisError saying why it ended
 */
export async function carryLink(options: LinkOptions): Promise<never> {
  const { settings, signal } = options;
  const address = redisAddress(settings);
  const steps = handshakeOf(settings, options.name);
  const ended = Promise.withResolvers<never>();
  let step = 0;
  let over = false;
  let silent = 0;

  const fail = (error: unknown) => {
    if (over) return;
    over = true;
    clearInterval(ticking);
    socket.destroy();
    ended.reject(connectionError(error, settings, step > 0));
  };

  const answer = (reply: RespReply) => {
    const refusal = isError(reply) ? steps[step]!.refused(reply.error) : undefined;
    if (refusal !== undefined) return fail(refusal);
    step++;
    if (step === steps.length) options.opened(link);
  };
  const parser = createRespParser({
    message: options.message,
    reply: reply => {
      if (over) return;
      if (step < steps.length) answer(reply);
      else options.reply(reply);
    },
  });

  const socket = openSocket(settings, {
    // A function is asked before each read: bytes go straight to where the parser wants them.
    buffer: () => parser.space(),
    callback(bytes) {
      silent = 0;
      try {
        parser.received(bytes);
        if (!over && step === steps.length) options.received();
      } catch (error) {
        fail(error);
      }
      return !over;
    },
  });
  // Ticks are counted and not time: if this process itself stood still, one tick passes and what came is then read.
  const ticking = setInterval(() => {
    silent++;
    if (step < steps.length) {
      if (silent < patience) return;
      fail(connected ? new RedisError(address, `Redis at ${address} has not answered for ${patience} s`) : lateError(settings));
    } else if (silent >= silence.dead) fail(new RedisError(address, `Redis at ${address} has been silent for ${silence.dead} s`));
    else if (silent % silence.ask === 0) options.ask();
  }, 1000);

  let connected = false;
  const link: Link = {
    write: (bytes, done) => !over && socket.write(bytes, done),
    fail,
  };
  socket.once(settings.tls === undefined ? 'connect' : 'secureConnect', () => {
    silent = 0;
    connected = true;
    socket.write(steps.map(({ command }) => command).join(''));
  });
  socket.on('drain', () => {
    silent = 0;
    if (!over && step === steps.length) options.drained();
  });
  socket.on('error', fail);
  socket.on('close', () => fail(brokenError(settings, step > 0)));
  const giveUp = () => fail(signal.reason);
  signal.addEventListener('abort', giveUp, { once: true });
  if (signal.aborted) giveUp();
  try {
    return await ended.promise;
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}
