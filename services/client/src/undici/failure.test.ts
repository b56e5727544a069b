import { expect, test } from 'vitest';
import { ClosedError } from '../http/errors.ts';
import { connectFailure, failureKind, KnownError } from './failure.ts';

const coded = (code: string) => Object.assign(new Error('it failed'), { code });

test.each([
  ['the certificate that the server wanted', coded('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'), 'tls'],
  ['an end of the connection', coded('UND_ERR_SOCKET'), 'closed'],
  ['a body that was too short', coded('UND_ERR_RES_CONTENT_LENGTH_MISMATCH'), 'closed'],
  ['a connection that took too long', coded('UND_ERR_CONNECT_TIMEOUT'), 'timeout'],
  ['a stream that was reset', coded('ERR_HTTP2_STREAM_ERROR'), 'reset'],
  ['a frame that was none', coded('ERR_HTTP2_ERROR'), 'protocol'],
  ['what is no HTTP', Object.assign(new Error('it failed'), { name: 'HTTPParserError' }), 'protocol'],
  ['a reset by the operating system', coded('ECONNRESET'), 'reset'],
  ['a closed connection of ours', new ClosedError(), 'closed'],
  ['a kind that is known', new KnownError('proxy', 'no'), 'proxy'],
  ['nothing that is known', new Error('it failed'), 'other'],
])('%s has its kind', (_, error, kind) => {
  expect(failureKind(error)).toBe(kind);
});

test.each([
  ['CERT_HAS_EXPIRED', 'tls'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'tls'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls'],
  ['ECONNREFUSED', 'refused'],
  ['EAI_AGAIN', 'dns'],
  ['UND_ERR_CONNECT_TIMEOUT', 'timeout'],
])('%s while a connection is made is %s', (code, kind) => {
  expect(failureKind(connectFailure(coded(code), true))).toBe(kind);
});
