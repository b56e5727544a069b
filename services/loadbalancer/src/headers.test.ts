import { describe, expect, test } from 'vitest';
import { canonicalHeaderName, extraFields, type Hop, requestFields, responseFields, serverTiming } from './headers.ts';

const hop: Hop = { replica: '10.1.2.3:80', node: 'nodeX', stampName: 'X-Forwarded-Host-Nodex', at: 1795485469.6047018 };

test.each([
  ['X-Forwarded-Host-nodeX', 'X-Forwarded-Host-Nodex'],
  ['x-forwarded-host-PI-4b-main', 'X-Forwarded-Host-Pi-4b-Main'],
  ['X-Forwarded-Host-node.local_1', 'X-Forwarded-Host-Node.local_1'],
])('%s is %s in Go', (name, canonical) => {
  expect(canonicalHeaderName(name)).toBe(canonical);
});

describe('to the replica', () => {
  const ours = [
    ['Host', '10.1.2.3:80'],
    ['X-Final-Host', '10.1.2.3:80'],
    ['X-Forwarded-For', 'nodeX, 127.0.0.1'],
    ['X-Forwarded-Host-Nodex', '1795485469.6047018'],
  ].flat();
  test.each([
    ['nothing else is invented', ['Host', 'lb:8080'], []],
    ['order, spelling and repetitions stay', ['b', '1', 'A', '2', 'b', '3'], ['b', '1', 'A', '2', 'b', '3']],
    [
      'what the client says about hops is replaced',
      ['x-forwarded-for', '1.2.3.4', 'X-FINAL-HOST', 'x', 'x-forwarded-host-nodex', '1'],
      [],
    ],
    ["other nodes' time stamps stay", ['X-Forwarded-Host-Nodey', '1'], ['X-Forwarded-Host-Nodey', '1']],
    ['hop-by-hop fields go', ['Keep-Alive', '5', 'Proxy-Authorization', 'x', 'Upgrade', 'h2c', 'Trailer', 'x'], []],
    ['what Connection lists goes', ['Connection', 'close, X-A', 'x-a', '1', 'X-B', '2', 'connection', 'x-b'], []],
    ['but not the length', ['Connection', 'content-length', 'Content-Length', '3'], ['Content-Length', '3']],
    ['TE: trailers stays', ['TE', 'gzip;q=0.5, trailers', 'Connection', 'TE'], ['TE', 'trailers']],
    ['other TE goes', ['TE', 'gzip, x-trailers'], []],
    ['Expect goes', ['Expect', '100-continue'], []],
  ])('%s', (_, fields, rest) => {
    expect(requestFields(fields, '127.0.0.1', hop)).toEqual([...ours, ...rest]);
  });
});

describe('to the client', () => {
  const ours = ['X-Final-Host', '10.1.2.3:80', 'X-Forwarded-For', 'nodeX', 'X-Forwarded-Host-Nodex', '1795485469.6047018'];
  const shape = { lengthAllowed: true, chunked: false };
  test.each([
    ["the replica's own fields follow as further lines", ['X-Final-Host', 'a:1', 'x-forwarded-for', 'n2'], shape, undefined],
    ['order, spelling and repetitions stay', ['Set-Cookie', 'a', 'x', '1', 'set-cookie', 'b'], shape, undefined],
    ['hop-by-hop fields go', ['Connection', 'x-a', 'X-A', '1', 'Keep-Alive', 't', 'Transfer-Encoding', 'chunked'], shape, []],
    ['no length where there can be no body', ['Content-Length', '0'], { ...shape, lengthAllowed: false }, []],
    ['Trailer goes with chunks', ['Trailer', 'X-Sum'], { ...shape, chunked: true }, undefined],
    ['and not without', ['Trailer', 'X-Sum'], shape, []],
  ])('%s', (_, fields, like, rest) => {
    expect(responseFields(fields, hop, like)).toEqual([...ours, ...(rest ?? fields)]);
  });
});

test('trailers may not frame the message', () => {
  const fields = ['X-Sum', '1', 'Content-Length', '5', 'Transfer-Encoding', 'x', 'X-Sum', '2'];
  expect(extraFields(fields)).toEqual(['X-Sum', '1', 'X-Sum', '2']);
});

test('Server-Timing is in milliseconds', () => {
  expect(serverTiming(0.0001234, 1.5)).toBe('lb;dur=0.123, upstream;dur=1500.000');
});
