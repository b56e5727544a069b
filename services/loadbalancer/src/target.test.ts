import { expect, test } from 'vitest';
import { parseTarget } from './target.ts';

test.each([
  ['no path below the function', '/function/f', 'f', '/'],
  ['a slash below the function', '/function/f/', 'f', '/'],
  ['a path', '/function/f/p', 'f', '/p'],
  ['a path with a query', '/function/f/p?x=1', 'f', '/p?x=1'],
  ['a query after the slash', '/function/f/?x=1', 'f', '/?x=1'],
  ['a query right after the function (Go takes it for the name)', '/function/f?x=1', 'f', '/?x=1'],
  ['a slash in the query (Go counts it)', '/function/f/p?x=1/2', 'f', '/p?x=1/2'],
  ['a longer path (Go refuses it)', '/function/f/b/c', 'f', '/b/c'],
  ['a path that ends with a slash', '/function/f/b/c/', 'f', '/b/c/'],
  ['escapes pass unchanged', '/function/f/a%2Fb%20c', 'f', '/a%2Fb%20c'],
  ['an escaped name stays as it is', '/function/my%20f/x', 'my%20f', '/x'],
  ['a % in the query is nobody’s business', '/function/f/p?x=%zz', 'f', '/p?x=%zz'],
  ['dots inside an element are not special', '/function/f/..a/b./.c', 'f', '/..a/b./.c'],
  ['no name', '/function/', '', '/'],
  ['absolute-form', 'http://example.org:8080/function/f/p?x', 'f', '/p?x'],
  ['a URL in the query is not absolute-form', '/function/f?u=http://h//p', 'f', '/?u=http://h//p'],
  ['an empty query', '/function/f/p?', 'f', '/p?'],
])('function: %s', (_, target, name, path) => {
  expect(parseTarget('GET', target)).toEqual({ kind: 'function', name, path });
});

test.each([
  ['two slashes at the begin', '//function/f', '/function/f'],
  ['two slashes inside', '/function//f', '/function/f'],
  ['two slashes below the function', '/function/f/a//b', '/function/f/a/b'],
  ['a dot', '/function/./f', '/function/f'],
  ['two dots', '/function/f/..', '/function'],
  ['two dots and a slash', '/function/f/../', '/function/'],
  ['more dots than elements', '/../../x/y', '/x/y'],
  ['the query stays', '/function//f/?x=1//2', '/function/f/?x=1//2'],
  ['escaped dots and slashes count', '/function/f/%2e%2E%2fg', '/function/g'],
  ['what has to be escaped is escaped as Go does', '/function//f/a%20b%ff(!)', '/function/f/a%20b%FF%28%21%29'],
  ['absolute-form', 'http://h//function/f', '/function/f'],
])('redirect: %s', (_, target, location) => {
  expect(parseTarget('GET', target)).toEqual({ kind: 'redirect', location });
});

test.each([
  ['/foo', 'invalid URL format: /foo\n'],
  ['/', 'invalid URL format: /\n'],
  ['/function', 'invalid URL format: /function\n'],
  ['/function?x=/1', 'invalid URL format: /function?x=/1\n'],
  ['http://h', 'invalid URL format: /\n'],
  ['/foo/bar', 'not a function call: /foo/bar\n'],
  ['/functions/f/g?x', 'not a function call: /functions/f/g?x\n'],
])('not found: %s', (target, reason) => {
  expect(parseTarget('GET', target)).toEqual({ kind: 'not-found', reason });
});

test.each([
  ['GET', '/function/f/p%zz', 'the path has a % without two hex digits'],
  ['GET', '/function/f/%', 'the path has a % without two hex digits'],
  ['GET', 'function/f', 'the path does not begin with a slash'],
  ['GET', 'http:///function/f', 'the path does not begin with a slash'],
  ['GET', '*', '* is for OPTIONS, not for GET'],
])('malformed: %s %s', (method, target, reason) => {
  expect(parseTarget(method, target)).toEqual({ kind: 'malformed', reason });
});

test('OPTIONS * is for the server itself', () => {
  expect(parseTarget('OPTIONS', '*')).toEqual({ kind: 'server' });
});
