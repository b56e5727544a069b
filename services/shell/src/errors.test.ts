import { ConnectionError } from '@galileo/service';
import { ClientError, Status } from 'nice-grpc';
import { expect, test } from 'vitest';
import { explain, isUnreachable } from './errors.ts';

const remote = { service: 'orchestrator', address: 'a:1', logFile: undefined } as const;
const failed = (code: Status, details: string) => new ClientError('/x/Y', code, details);
const found = (finding: string, code = Status.UNAVAILABLE) => new ConnectionError('a:1', finding, failed(code, 'raw'));

test.each([
  [
    'nobody there',
    found('nobody listens on a:1'),
    /^no orchestrator answers: nobody listens on a:1; start one there .* or leave out --orchestrator/,
  ],
  [
    'what a variable can help',
    found('a:1 speaks TLS: set galileo_tls_cert'),
    /^the orchestrator can't be called: a:1 speaks TLS: set galileo_tls_cert$/,
  ],
  [
    'a wrong token',
    found('a:1 answers UNAUTHENTICATED: the token of the call is wrong: set galileo_token', Status.UNAUTHENTICATED),
    /^the orchestrator refuses the call: a:1 answers UNAUTHENTICATED: the token of the call is wrong: set galileo_token$/,
  ],
  [
    'a connection that was lost',
    failed(Status.UNAVAILABLE, 'Connection dropped'),
    /^the orchestrator at a:1 is gone: Connection dropped$/,
  ],
])('an orchestrator that can not be called is explained: %s', (_, error, message) => {
  expect(explain(error, remote)).toMatch(message);
  expect(isUnreachable(error)).toBe(error.code === Status.UNAVAILABLE);
});

test('the standalone of this machine is told of with its log', () => {
  expect(explain(found('nobody listens on a:1'), { ...remote, logFile: '/log' })).toBe(
    'the standalone of this machine has ended unexpectedly; its log: /log',
  );
});

test.each([
  [
    'nobody there',
    found('nobody listens on a:1'),
    /^no recorder answers: nobody listens on a:1; start one there \(galileo-recorder\), say where one is \(--recorder, .* \(--local\)$/,
  ],
  [
    'one whose Redis is away',
    failed(Status.UNAVAILABLE, 'Redis at r:6379 is not connected'),
    /^the recorder at a:1 is not available: Redis at r:6379 is not connected$/,
  ],
  [
    'something else there',
    failed(Status.UNIMPLEMENTED, 'unknown service'),
    /^what answers at a:1 is no recorder of Galileo: unknown service$/,
  ],
])('a recorder that can not be called is explained: %s', (_, error, message) => {
  expect(explain(error, { ...remote, service: 'recorder' })).toMatch(message);
});
