import { decodePython, type PyObject } from '@galileo/wire';
import { describe, expect, it } from 'vitest';
import type { Transport } from '../sender.ts';
import { requestOf } from './request-parameters.ts';

const parse = (json: string) => {
  const parsed = decodePython(json);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.value as PyObject;
};
const request = (json: string) => {
  const { body, ...rest } = requestOf(parse(json));
  return { transport: 'http' as Transport, ...rest, body: body?.toString() };
};
const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
const json = { 'Content-Type': 'application/json' };

describe('parameters of the default client', () => {
  const cases: readonly [sentence: string, parameters: string, expected: Partial<ReturnType<typeof request>>][] = [
    ['nothing is GET /', '{}', { method: 'GET', path: '/', headers: {}, body: undefined, timeout: 60 }],
    ['nulls are as if left out', '{"method": null, "path": null, "kwargs": null}', { method: 'GET', path: '/' }],
    ['a method is upper case, whatever it is', '{"method": "Frob"}', { method: 'FROB' }],
    ['an empty path is /', '{"path": ""}', { path: '/' }],
    ['a query alone has the path /', '{"path": "?a=1"}', { path: '/?a=1' }],
    ['a fragment is not sent', '{"path": "/a#b"}', { path: '/a' }],
    [
      'a path is escaped where it must be',
      '{"path": "/a b/\\u00fc?q=\\"x\\"%20%zz"}',
      { path: '/a%20b/%C3%BC?q=%22x%22%20%25zz' },
    ],
    ['unknown parameters are ignored, as by the original', '{"zzz": 1}', { method: 'GET' }],
    ['text is sent as it is, without a type', '{"kwargs": {"data": "gr\\u00fc\\u00df"}}', { body: 'grüß', headers: {} }],
    [
      'a dict is a form',
      '{"kwargs": {"data": {"a": 1, "b": "x y&z", "c": [1, 2.0, true], "d": null, "~*\'": "\\u20ac"}}}',
      { body: 'a=1&b=x+y%26z&c=1&c=2.0&c=True&~%2A%27=%E2%82%AC', headers: form },
    ],
    ['a list of pairs is a form too', '{"kwargs": {"data": [["a", 1], ["a", 2]]}}', { body: 'a=1&a=2', headers: form }],
    [
      'json is as Python writes it',
      '{"kwargs": {"json": {"a": [1, 2.0, null]}}}',
      { body: '{"a": [1, 2.0, null]}', headers: json },
    ],
    ['json may be false', '{"kwargs": {"json": false}}', { body: 'false', headers: json }],
    ['json null is none', '{"kwargs": {"json": null}}', { body: undefined, headers: {} }],
    ['data is preferred', '{"kwargs": {"data": "x", "json": 1}}', { body: 'x', headers: {} }],
    ['empty data is none', '{"kwargs": {"data": {}, "json": 1}}', { body: '1', headers: json }],
    [
      'a header says the type otherwise',
      '{"kwargs": {"json": 1, "headers": {"content-type": "a/b", "X-A": "1", "X-B": null}}}',
      { headers: { 'content-type': 'a/b', 'X-A': '1' } },
    ],
    ['params are the query', '{"kwargs": {"params": {"q": "a b", "n": [1, 2]}}}', { path: '/?q=a+b&n=1&n=2' }],
    ['params come after the query', '{"path": "/x?a=1", "kwargs": {"params": {"b": 2}}}', { path: '/x?a=1&b=2' }],
    ['params may be text', '{"path": "/x", "kwargs": {"params": "a=1"}}', { path: '/x?a=1' }],
    ['params that are empty add nothing', '{"path": "/x", "kwargs": {"params": {"a": null}}}', { path: '/x' }],
    ['a timeout is in seconds', '{"kwargs": {"timeout": 0.1}}', { timeout: 0.1 }],
    [
      'a timeout of two parts is for the connection and the first byte',
      '{"kwargs": {"timeout": [1, 2.5]}}',
      { timeout: 60, connectTimeout: 1, firstByteTimeout: 2.5 },
    ],
    ['a timeout of long parts lets the whole take as long', '{"kwargs": {"timeout": [5, 120]}}', { timeout: 125 }],
    ['a timeout may be for the connection alone', '{"kwargs": {"timeout": [1, null]}}', { timeout: 60, connectTimeout: 1 }],
    ['a timeout may be for the answer alone', '{"kwargs": {"timeout": [null, 2]}}', { timeout: 60, firstByteTimeout: 2 }],
    [
      'what is done anyway may be said',
      '{"kwargs": {"allow_redirects": false, "stream": false, "proxies": null, "verify": true, "cookies": {}}}',
      { path: '/', headers: {}, transport: 'http' },
    ],
    [
      'redirects are followed as often as by requests',
      '{"kwargs": {"allow_redirects": true, "verify": false}}',
      { transport: 'undici', options: { scheme: 'http', maxRedirects: 30, tls: { insecure: true } } },
    ],
    ['without TLS nothing is verified', '{"kwargs": {"verify": false}}', { transport: 'http' }],
    ['cookies are a header', '{"kwargs": {"cookies": {"a": "1", "b": "x y"}}}', { headers: { Cookie: 'a=1; b=x y' } }],
    [
      'a header of cookies goes before cookies',
      '{"kwargs": {"cookies": {"a": "1"}, "headers": {"cookie": "b=2"}}}',
      { headers: { cookie: 'b=2' } },
    ],
    [
      'a proxy is used',
      '{"kwargs": {"proxies": {"http": "user:secret@proxy:3128", "https": "http://user:secret@proxy:3128"}}}',
      { transport: 'undici', options: { scheme: 'http', proxy: 'http://user:secret@proxy:3128' } },
    ],
  ];
  it.each(cases)('%s', (_, parameters, expected) => {
    expect(request(parameters)).toMatchObject(expected);
  });

  const refusals: readonly [sentence: string, parameters: string, message: RegExp][] = [
    ['kwargs that are none', '{"kwargs": [1]}', /request.kwargs: found \[1\]; allowed: an object of keyword arguments/],
    [
      'files',
      '{"kwargs": {"files": {"a": "b"}}}',
      /request.kwargs.files: found .*; allowed: no such argument; those .* data, json/,
    ],
    [
      'redirects to be counted',
      '{"kwargs": {"allow_redirects": 5}}',
      /request.kwargs.allow_redirects: found 5; allowed: true, false/,
    ],
    [
      'certificates to verify by',
      '{"kwargs": {"verify": "/ca.pem"}}',
      /request.kwargs.verify: found "\/ca.pem"; allowed: true, false/,
    ],
    ['our certificate', '{"kwargs": {"cert": "/a.pem"}}', /request.kwargs.cert: found "\/a.pem"; allowed: no such argument/],
    ['a cookie that is two', '{"kwargs": {"cookies": {"a": "1; b=2"}}}', /request.kwargs.cookies\["a"\]: found "6 characters"/],
    [
      'cookies that are numbers',
      '{"kwargs": {"cookies": {"a": 1}}}',
      /request.kwargs.cookies\["a"\]: found "no text"; allowed: text/,
    ],
    ['a proxy for one host', '{"kwargs": {"proxies": {"http://a": "p:1"}}}', /request.kwargs.proxies: found "http:\/\/a"/],
    ['two proxies', '{"kwargs": {"proxies": {"http": "p:1", "all": "p:2"}}}', /request.kwargs.proxies: found "several proxies"/],
    ['a proxy for https alone', '{"kwargs": {"proxies": {"https": "p:1"}}}', /request.kwargs.proxies: found "https alone"/],
    ['a proxy that is none', '{"kwargs": {"proxies": {"all": "socks5://u:secret@p:1"}}}', /request.options.proxy: found "…@p:1"/],
    ['a name that is no argument', '{"kwargs": {"datta": 1}}', /request.kwargs.datta: found 1/],
    ['a method that is a number', '{"method": 5}', /request.method: found 5; allowed: text/],
    ['a path of another host', '{"path": "example.org"}', /request.path: found "example.org"/],
    ['data that is a number', '{"kwargs": {"data": 5}}', /request.kwargs.data: found 5; allowed: text, an object/],
    ['data that is no pairs', '{"kwargs": {"data": [1]}}', /request.kwargs.data: found \[1\]/],
    ['data with objects in lists', '{"kwargs": {"data": {"a": [{}]}}}', /request.kwargs.data: found/],
    ['json with NaN', '{"kwargs": {"json": NaN}}', /request.kwargs.json: .*allowed: JSON without NaN/],
    ['headers that are a list', '{"kwargs": {"headers": ["a"]}}', /request.kwargs.headers: found \["a"\]/],
    [
      'a header that is a number',
      '{"kwargs": {"headers": {"X-A": 1}}}',
      /request.kwargs.headers\["X-A"\]: found 1; allowed: text/,
    ],
    ['a header with a line break', '{"kwargs": {"headers": {"X-A": "a\\nb"}}}', /request.headers\["X-A"\]: found "a\\nb"/],
    ['a timeout of 0', '{"kwargs": {"timeout": 0}}', /request.kwargs.timeout: found 0; allowed: seconds above 0/],
    ['a timeout of three parts', '{"kwargs": {"timeout": [1, 2, 3]}}', /request.kwargs.timeout: found \[1,2,3\]/],
    ['half a surrogate pair', '{"kwargs": {"params": {"a": "\\ud800"}}}', /request.kwargs.params: found/],
  ];
  it.each(refusals)('are refused with their name: %s', (_, parameters, message) => {
    expect(() => request(parameters)).toThrow(message);
  });
});
