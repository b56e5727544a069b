import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatWeights, parseWeights, WeightsError } from './function-weights.ts';

const known = { ips: ['a:1', 'b:1'], weights: [3, 1] };

test.each([
  ['as Galileo writes it', '{"ips": ["a:1", "b:1"], "weights": [3, 1]}', known],
  ['the case of the names does not matter', '{"IPs": ["a:1", "b:1"], "WEIGHTS": [3, 1]}', known],
  ['the last of two names counts', '{"ips": ["c:1"], "Ips": ["a:1", "b:1"], "weights": [3, 1]}', known],
  ['other names are left alone', '{"ips": ["a:1", "b:1"], "weights": [3, 1], "x": {}}', known],
  ['fractions and 0', '{"ips": ["a:1", "b:1"], "weights": [0.5, 0]}', { ips: ['a:1', 'b:1'], weights: [0.5, 0] }],
  ['addresses are not checked', '{"ips": ["bad host:1"], "weights": [1]}', { ips: ['bad host:1'], weights: [1] }],
  ['nobody: an empty object', '{}', { ips: [], weights: [] }],
  ['nobody: null', 'null', { ips: [], weights: [] }],
  ['nobody: no ips', '{"ips": [], "weights": [1]}', { ips: [], weights: [] }],
  ['nobody: ips are null', '{"ips": null, "weights": null}', { ips: [], weights: [] }],
])('%s', (_, text, value) => {
  expect(parseWeights(text)).toEqual({ ok: true, value });
});

test.each([
  ['nothing', '', 'the value is not JSON'],
  ['cut JSON', '{"ips": ["a:1"', 'the value is not JSON'],
  ['a number', '3', 'the value is 3; allowed: {"ips": ["HOST:PORT"], "weights": [1]}'],
  ['a list', '[]', 'the value is []; allowed: {"ips"'],
  ['ips of text', '{"ips": "a:1", "weights": [1]}', 'ips is "a:1"; allowed: a list of HOST:PORT'],
  ['an ip of null', '{"ips": [null], "weights": [1]}', 'ips[0] is null; allowed: HOST:PORT as text'],
  ['weights of text', '{"ips": ["a:1"], "weights": ["1"]}', 'weights[0] is "1"; allowed: a number'],
  ['a weight of null', '{"ips": ["a:1"], "weights": [null]}', 'weights[0] is null; allowed: a number'],
  ['an object of weights', '{"ips": ["a:1"], "weights": {}}', 'weights is {}; allowed: a list of numbers'],
  [
    'a negative weight (Go hangs)',
    '{"ips": ["a:1"], "weights": [-1]}',
    'weight of a:1: -1 is not allowed; allowed: a number from 0',
  ],
  ['fewer weights than ips (Go crashes)', '{"ips": ["a:1", "b:1"], "weights": [1]}', 'found 1 weights for 2 hosts'],
  ['no weights', '{"ips": ["a:1"]}', 'found 0 weights for 1 hosts'],
  ['more weights than ips', '{"ips": ["a:1"], "weights": [1, 2]}', 'found 2 weights for 1 hosts'],
  ['infinity', '{"ips": ["a:1"], "weights": [1e999]}', 'weight of a:1: Infinity is not allowed'],
  [
    'a fourth decimal',
    '{"ips": ["a:1"], "weights": [0.0001]}',
    'weight of a:1: 0.0001 is not allowed; allowed: 0, or at least 0.001',
  ],
  ['a replica twice', '{"ips": ["a:1", "a:1"], "weights": [1, 2]}', 'replica a:1 is there twice; allowed: each address once'],
])('%s is refused', (_, text, reason) => {
  const parsed = parseWeights(text);
  expect(parsed.ok ? parsed.value : parsed.reason).toContain(reason);
});

test('any text and any JSON give weights or a reason', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), text => {
      expect(parseWeights(text)).toHaveProperty('ok');
    }),
  );
});

test('what is formatted is parsed again; fractions become whole numbers, which the Go load balancer needs', () => {
  expect(formatWeights(known)).toBe('{"ips":["a:1","b:1"],"weights":[3,1]}');
  expect(parseWeights(formatWeights(known))).toEqual({ ok: true, value: known });
  expect(formatWeights({ ips: ['a:1', 'b:1'], weights: [0.5, 1] })).toBe('{"ips":["a:1","b:1"],"weights":[1,2]}');
  expect(() => formatWeights({ ips: ['a:1'], weights: [-1] })).toThrow(WeightsError);
});
