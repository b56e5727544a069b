import { expect, test } from 'vitest';
import { followed, type Hop, isRedirect } from './redirect.ts';

const hop: Hop = {
  url: new URL('http://a:1/x/y?q=1'),
  path: '/x/y?q=1',
  method: 'POST',
  headers: { 'X-A': '1', 'Content-Type': 'text/plain', Authorization: 'Basic x', Cookie: 'a=1', Host: 'a' },
  body: Buffer.from('body'),
};

test.each([
  [301, true],
  [302, true],
  [303, true],
  [307, true],
  [308, true],
  [300, false],
  [304, false],
  [305, false],
  [200, false],
])('%i is a redirect: %s', (status, expected) => {
  expect(isRedirect(status)).toBe(expected);
});

test.each([
  [301, 'POST', 'GET'],
  [302, 'POST', 'GET'],
  [303, 'POST', 'GET'],
  [303, 'PUT', 'GET'],
  [303, 'HEAD', 'HEAD'],
  [301, 'PUT', 'PUT'],
  [302, 'DELETE', 'DELETE'],
  [307, 'POST', 'POST'],
  [308, 'POST', 'POST'],
])('%i makes of %s a %s', (status, method, expected) => {
  const next = followed({ ...hop, method }, status, '/z')!;
  expect(next.method).toBe(expected);
  const keepsBody = method === expected;
  expect([next.body !== undefined, next.headers['Content-Type'] !== undefined]).toEqual([keepsBody, keepsBody]);
  expect(next.headers['X-A']).toBe('1');
});

test.each([
  ['/z', 'http://a:1/z'],
  ['z', 'http://a:1/x/z'],
  ['?q=2', 'http://a:1/x/y?q=2'],
  ['//b/z', 'http://b/z'],
  ['https://b:2/', 'https://b:2/'],
  ['/z#part', 'http://a:1/z#part'],
])('%s leads to %s', (location, expected) => {
  const { url, path } = followed(hop, 307, location)!;
  expect(url.href).toBe(expected);
  expect(expected.replace(/#.*/, '').endsWith(path)).toBe(true);
});

test('what is meant for one origin does not go to another', () => {
  expect(Object.keys(followed(hop, 307, '/z')!.headers)).toEqual(Object.keys(hop.headers));
  for (const other of ['http://a:2/', 'https://a:1/', 'http://b:1/']) {
    expect(Object.keys(followed(hop, 307, other)!.headers)).toEqual(['X-A', 'Content-Type']);
  }
});

test.each(['ftp://a/', 'javascript:1', 'http://', 'https://a:99999/'])('%s leads nowhere', location => {
  expect(followed(hop, 307, location)).toBeUndefined();
});
