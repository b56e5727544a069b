import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';

/** Has a request a body, by its framing (RFC 9112, 6.3)? */
export const hasBody = ({ headers }: IncomingMessage) =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

/**
 * The body of a client's request as a stream that may be destroyed at any time. Whoever sends it on destroys it when the replica
 * answers early or fails; destroying the request itself would break the client's connection, on which the answer still has to
 * travel. What is left of the body is then read and thrown away.
 */
export function bodyOf(request: IncomingMessage): Readable {
  const onData = (chunk: Buffer) => {
    if (!body.push(chunk)) request.pause();
  };
  const body = new Readable({
    read: () => {
      request.resume();
    },
    destroy: (error, callback) => {
      request.off('data', onData).resume();
      callback(error);
    },
  });
  // Whoever reads the body hears of its errors by himself; after that nobody listens any more.
  body.on('error', () => {});
  request
    .on('data', onData)
    .on('end', () => body.push(null))
    .on('error', error => body.destroy(error));
  return body;
}
