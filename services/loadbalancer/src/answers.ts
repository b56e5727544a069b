import { type ServerResponse, STATUS_CODES } from 'node:http';

const textPlain = ['Content-Type', 'text/plain; charset=utf-8'];

/** Writes a response's head: status, reason phrase, fields (name, value, name, value, …). */
export function writeHead(response: ServerResponse, status: number, phrase: string, fields: string[]): void {
  // HTTP/1.1 connections persist unless told otherwise; like Go, don't say so in every response.
  if (response.req.httpVersion === '1.1' && response.shouldKeepAlive) response.removeHeader('connection');
  response.writeHead(status, phrase, fields);
}

/** Answers with a text of the load balancer's own. `fields` are further ones (name, value, name, value, …). */
export function answer(response: ServerResponse, status: number, text: string, fields: readonly string[] = []): void {
  const body = Buffer.from(text);
  const type = body.length > 0 ? textPlain : [];
  writeHead(response, status, STATUS_CODES[status]!, [...fields, ...type, 'Content-Length', String(body.length)]);
  response.end(body);
}

/** An answer as bytes for a connection that has no request to answer to, and that is closed after it. */
export function rawAnswer(status: number, text: string, fields: readonly string[] = []): string {
  const all = [...fields, ...textPlain, 'Content-Length', String(Buffer.byteLength(text)), 'Connection', 'close'];
  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n`;
  for (let i = 0; i < all.length; i += 2) head += `${all[i]}: ${all[i + 1]}\r\n`;
  return `${head}\r\n${text}`;
}
