import { request } from 'node:http';
import { connect } from 'node:net';

/** Milliseconds that one try may take. */
const tryTimeout = 2000;

/**
 * Tries once whether something listens on a port of 127.0.0.1 and, if a path is given, answers a GET of it with 2xx or 3xx.
 * @returns undefined if it is ready, else what is wrong, for a person.
 */
export function probe(port: number, path: string | undefined, signal: AbortSignal): Promise<string | undefined> {
  return path === undefined ? probeTcp(port) : probeHttp(port, path, signal);
}

function probeTcp(port: number): Promise<string | undefined> {
  return new Promise(resolve => {
    const socket = connect({ port, host: '127.0.0.1' });
    const settle = (outcome: string | undefined) => {
      socket.destroy();
      resolve(outcome);
    };
    socket.once('connect', () => settle(undefined));
    socket.once('error', error => settle(describe(port, error)));
  });
}

function probeHttp(port: number, path: string, signal: AbortSignal): Promise<string | undefined> {
  const limit = AbortSignal.timeout(tryTimeout);
  const options = { port, host: '127.0.0.1', path, agent: false, signal: AbortSignal.any([signal, limit]) };
  const name = `GET ${path} of 127.0.0.1:${port}`;
  return new Promise(resolve => {
    const attempt = request(options, response => {
      const status = response.statusCode ?? 0;
      response.destroy();
      resolve(status >= 200 && status < 400 ? undefined : `${name} is answered with ${status}`);
    });
    attempt.once('error', error => resolve(limit.aborted ? `${name} is not answered` : describe(port, error)));
    attempt.end();
  });
}

function describe(port: number, error: NodeJS.ErrnoException): string {
  return error.code === 'ECONNREFUSED' ? `nothing listens on 127.0.0.1:${port}` : `127.0.0.1:${port}: ${error.message}`;
}
