import { expect, test } from 'vitest';
import { createLog } from './log.ts';

function record(level: 'WARNING' | 'DEBUG' = 'DEBUG') {
  const lines: string[] = [];
  return { lines, log: createLog('test', level, { write: line => void lines.push(line) }) };
}

const failure = () =>
  Object.assign(new Error('no way in'), {
    code: 'EAUTH',
    options: { host: 'h', password: 'PRIVATE' },
    cause: Object.assign(new Error('why'), { token: 'PRIVATE' }),
  });

test.each<[string, object]>([
  ['at the top', { token: 'PRIVATE', password: 'PRIVATE', authorization: 'Bearer PRIVATE', secret: 'PRIVATE' }],
  ['one level below', { config: { password: 'PRIVATE' }, headers: { Authorization: 'PRIVATE' } }],
  ['deep below, and in lists', { a: { b: { c: [{ d: { redis_password: 'PRIVATE' } }] } } }],
  ['under the names of variables', { galileo_token: 'PRIVATE', env: { GALILEO_ETCD_PASSWORD: 'PRIVATE' } }],
  ['as an environment', { environment: { KEY: 'PRIVATE' } }],
  ['as a list or a number', { token: ['PRIVATE'], password: 1234567 }],
  ['in what an error carries', { err: failure() }],
])('a secret is not logged: %s', (_, fields) => {
  const { log, lines } = record();
  log.error(fields, 'loud');
  log.child({ a: 1 }).child(fields).error('loud too');
  expect(lines).toHaveLength(2);
  expect(lines.join()).not.toMatch(/PRIVATE|1234567/);
  expect(lines[0]).toContain('[redacted]');
});

test('what is no secret is logged as it is, and an error with its message and code', () => {
  const { log, lines } = record();
  const fields = { peer: 'h:1', list: [1, { a: null }], at: new Date(0), token: undefined };
  log.info(fields, 'fine');
  log.info({ err: failure() }, 'not fine');
  const [first, second] = lines.map(line => JSON.parse(line));
  expect(first).toMatchObject({
    service: 'test',
    msg: 'fine',
    peer: 'h:1',
    list: [1, { a: null }],
    at: '1970-01-01T00:00:00.000Z',
  });
  expect(second.err).toMatchObject({ type: 'Error', message: 'no way in: why', code: 'EAUTH', options: { host: 'h' } });
});

test('Python’s names of levels are understood', () => {
  const { log, lines } = record('WARNING');
  log.info('quiet');
  log.warn('loud');
  expect(lines.map(line => JSON.parse(line).msg)).toEqual(['loud']);
});
