import { errors } from 'undici';
import { expect, test } from 'vitest';
import { connectionLost, describeFailure } from './replica-error.ts';

const limits = { connectTimeout: 5, responseTimeout: 300, idleTimeout: 4, maxHeaderBytes: 65536, connections: 0 };
const system = (code: string) => Object.assign(new Error(`read ${code}`), { code });

test.each([
  [system('ECONNREFUSED'), 502, 'connection refused', false],
  [system('ECONNRESET'), 502, 'connection reset', true],
  [system('EPIPE'), 502, 'connection reset', true],
  [new errors.SocketError('other side closed'), 502, 'connection closed without an answer', true],
  [new errors.ConnectTimeoutError('x'), 504, 'no connection within 5 s (galileo_lb_connect_timeout)', false],
  [new errors.HeadersTimeoutError('x'), 504, 'no answer within 300 s (galileo_lb_response_timeout)', false],
  [system('EHOSTUNREACH'), 502, 'no proper answer: read EHOSTUNREACH', false],
  [new Error('two\nlines'), 502, 'no proper answer: two lines', false],
])('%s', (error, status, reason, lost) => {
  expect(describeFailure(error, 'a:1', limits)).toEqual({ status, text: `replica a:1: ${reason}` });
  expect(connectionLost(error)).toBe(lost);
});
