import { request } from 'node:http';
import type { Socket } from 'node:net';
import { ClosedError } from '../http/errors.ts';
import { KnownError } from './failure.ts';

/** A forward proxy. */
export interface ForwardProxy {
  /** `http://HOST:PORT`, without user and password. */
  readonly origin: string;
  readonly hostname: string;
  readonly port: number;
  /** What goes with each request to it. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Takes `http://[USER[:PASSWORD]@]HOST[:PORT]` apart. */
export function proxyOf(address: string): ForwardProxy {
  const { origin, hostname, port, username, password } = new URL(address);
  const user = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64');
  return {
    origin,
    hostname: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? 80 : Number(port),
    headers: username === '' && password === '' ? {} : { 'proxy-authorization': `Basic ${user}` },
  };
}

/**
 * Has a proxy connect us to HOST:PORT (RFC 9110, section 9.3.6).
 * @param timeout milliseconds
 * @throws (rejects with) KnownError of the kind `proxy` if it answers anything but success.
 */
export function openTunnel({ hostname, port, headers }: ForwardProxy, target: string, timeout: number): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const asked = request({
    ...{ host: hostname, port, method: 'CONNECT', path: target, agent: false },
    headers: { ...headers, host: target },
  });
  const late = setTimeout(
    () => asked.destroy(new KnownError('timeout', `the proxy did not connect us to ${target} in time`)),
    timeout,
  );
  const refuse = (status: number | undefined) => reject(new KnownError('proxy', `the proxy answered ${status} to CONNECT`));
  asked
    .once('connect', ({ statusCode = 0 }, socket: Socket, early: Buffer) => {
      if (statusCode >= 200 && statusCode < 300) {
        if (early.length > 0) socket.unshift(early);
        resolve(socket);
      } else {
        socket.destroy();
        refuse(statusCode);
      }
    })
    .once('error', reject)
    .once('close', () => {
      clearTimeout(late);
      reject(new ClosedError());
    })
    .end();
  return promise;
}
