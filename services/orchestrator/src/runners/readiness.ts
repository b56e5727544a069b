import { request } from 'node:http';
import { connect } from 'node:net';
import { splitAddress } from '@galileo/service';

/** Milliseconds that one try may take. */
const tryTimeout = 2000;

/**
 * Tries once whether something listens at HOST:PORT and, if a path is given, answers a GET of it with 2xx or 3xx.
 * @returns undefined if it is ready, else what is wrong, for a person.
 */
export function probe(address: string, path: string | undefined, signal: AbortSignal): Promise<string | undefined> {
  return path === undefined ? probeTcp(address) : probeHttp(address, path, signal);
}

function probeTcp(address: string): Promise<string | undefined> {
  return new Promise(resolve => {
    const socket = connect({ ...splitAddress(address), timeout: tryTimeout });
    const settle = (outcome: string | undefined) => {
      socket.destroy();
      resolve(outcome);
    };
    socket.once('connect', () => settle(undefined));
    socket.once('timeout', () => settle(`${address} does not answer`));
    socket.once('error', error => settle(describe(address, error)));
  });
}

function probeHttp(address: string, path: string, signal: AbortSignal): Promise<string | undefined> {
  const limit = AbortSignal.timeout(tryTimeout);
  const options = { ...splitAddress(address), path, agent: false, signal: AbortSignal.any([signal, limit]) };
  const name = `GET ${path} of ${address}`;
  return new Promise(resolve => {
    const attempt = request(options, response => {
      const status = response.statusCode ?? 0;
      response.destroy();
      resolve(status >= 200 && status < 400 ? undefined : `${name} is answered with ${status}`);
    });
    attempt.once('error', error => resolve(limit.aborted ? `${name} is not answered` : describe(address, error)));
    attempt.end();
  });
}

function describe(address: string, error: NodeJS.ErrnoException): string {
  return error.code === 'ECONNREFUSED' ? `nothing listens on ${address}` : `${address}: ${error.message}`;
}
