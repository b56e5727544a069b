import { describe, expect, it } from 'vitest';
import { escapeTemplate, isTemplate, mapLiterals, parseTemplate, TemplateError, withZeros } from './template.ts';

describe('a template', () => {
  it('is literal text and places in its order', () => {
    expect(parseTemplate('/a/{{seq}}?u={{ uuid }}&r={{random -1  6}}{{row first name}}}}', ['id', 'first name'])).toEqual([
      '/a/',
      { kind: 'seq' },
      '?u=',
      { kind: 'uuid' },
      '&r=',
      { kind: 'random', least: -1, most: 6 },
      { kind: 'row', column: 1 },
      '}}',
    ]);
    expect(parseTemplate('{{client}}{{worker}}{{open}}', [])).toEqual([{ kind: 'client' }, { kind: 'worker' }, { kind: 'open' }]);
    expect(parseTemplate('{"a":{"b":1}}', [])).toEqual(['{"a":{"b":1}}']);
    expect(parseTemplate('', [])).toEqual([]);
  });

  const places = '{{seq}}, {{uuid}}, {{random A B}}';
  it.for<[why: string, text: string, found: string, allowed: string, position: number]>([
    ['an unknown name', 'a{{sek}}', '{{sek}}', places, 1],
    ['no name', '{{}}', '{{}}', places, 0],
    ['no end', 'ab{{seq', '{{seq', places, 2],
    ['a third brace', '{{{seq}}}', '{{{seq}}}', places, 0],
    ['an argument too many', '{{seq 1}}', '{{seq 1}}', places, 0],
    ['an argument too few', '{{random 1}}', '{{random 1}}', places, 0],
    ['a fraction', '{{random 1 2.5}}', '{{random 1 2.5}}', places, 0],
    ['ends the wrong way round', '{{random 2 1}}', '{{random 2 1}}', places, 0],
    ['ends too far apart', '{{random -9007199254740991 1}}', '{{random -9007199254740991 1}}', places, 0],
    ['an unknown column', '{{seq}}{{row c}}', '{{row c}}', 'a column of the rows: a, b', 7],
    ['a long text without an end', `{{${'x'.repeat(100)}`, `{{${'x'.repeat(38)}`, places, 0],
  ])('is refused for %s', ([, text, found, allowed, position]) => {
    let error: unknown;
    try {
      parseTemplate(text, ['a', 'b']);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(TemplateError);
    expect(error).toMatchObject({ found, position, allowed: expect.stringContaining(allowed) });
  });

  it('has no column without rows', () => {
    expect(() => parseTemplate('{{row a}}', [])).toThrow('found "{{row a}}"; allowed: a column of `rows`, and there are none');
  });

  it('can be written for any text, and changed where it is literal', () => {
    for (const text of ['', '{', '{{', '{{{', '{{{{', 'a{{seq}}b']) {
      const filled = parseTemplate(escapeTemplate(text), []).map(part => (typeof part === 'string' ? part : '{{'));
      expect(filled.join('')).toBe(text);
    }
    expect(mapLiterals('a b{{row a b}} c', encodeURIComponent)).toBe('a%20b{{row a b}}%20c');
    expect(withZeros(parseTemplate('/{{seq}}/x{{uuid}}', []))).toBe('/0/x0');
    expect([isTemplate('{ {x} }'), isTemplate('{{x')]).toEqual([false, true]);
  });
});
