import { describe, expect, it } from 'vitest';
import { readSource } from './source.ts';

describe('a source', () => {
  it('gives values, and for each where and how it was written', () => {
    const source = readSource('a: 1.50\nb:\n  - "two"\n  - { c: ~, d: [x] }\n');
    expect(source.value).toEqual({ a: 1.5, b: ['two', { c: null, d: ['x'] }] });
    expect(source.problems).toEqual([]);
    expect(source.written(['a'])).toBe('1.50');
    expect(source.written(['b', 0])).toBe('"two"');
    expect([source.written(['b']), source.written(['b', 1]), source.written(['b', 1, 'c'])]).toEqual([
      'a list',
      'a mapping',
      'nothing',
    ]);
    expect(source.problemAt(['b', 1, 'd', 0], 'm')).toEqual({ line: 4, column: 17, field: 'b[1].d[0]', message: 'm' });
    expect(source.problemAtKey(['b', 1, 'd'], 'm')).toMatchObject({ line: 4, column: 13 });
    expect(source.keys(['b', 1])).toEqual(['c', 'd']);
    expect(source.keys(['b'])).toEqual([]);
    expect(source.has(['b', 1, 'c'])).toBe(true);
    expect(source.has(['b', 2])).toBe(false);
  });

  it('places what is missing at the mapping that should hold it', () => {
    const source = readSource('a: 1\nb:\n  - { c: 1 }\n');
    expect(source.problemAt(['b', 0, 'x', 'y'], 'm')).toMatchObject({ line: 3, column: 5, field: 'b[0].x.y' });
    expect(source.problemAt(['x'], 'm')).toMatchObject({ line: 1, column: 1 });
  });

  it('places a character of a text where it was written, as long as that can be told', () => {
    const source = readSource('- plain text\n- "quoted text"\n- "a\\tb text"\n');
    expect(source.problemWithin([0], 6, 'm')).toMatchObject({ line: 1, column: 9 });
    expect(source.problemWithin([1], 7, 'm')).toMatchObject({ line: 2, column: 11 });
    expect(source.problemWithin([2], 4, 'm')).toMatchObject({ line: 3, column: 3 });
  });

  it('cuts long texts and follows aliases', () => {
    const source = readSource(`a: &x ${'y'.repeat(200)}\nb: *x\n`);
    expect(source.written(['b'])).toBe(`"${'y'.repeat(80)}…"`);
    expect((source.value as { b: string }).b).toHaveLength(200);
  });

  it('takes a key of Object.prototype as any other', () => {
    const { value } = readSource('__proto__: { polluted: true }\n');
    expect(Object.keys(value as object)).toEqual(['__proto__']);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  const broken: [why: string, text: string, line: number, column: number, message: string][] = [
    ['a bracket is open', 'a: [1,\nb: 2', 2, 1, 'this is not valid YAML'],
    ['a quote is open', 'a: "x\n', 2, 1, 'Missing closing "quote'],
    ['a tab indents', '\ta: 1', 1, 1, 'Tabs are not allowed'],
    ['there are two documents', 'a: 1\n---\nb: 2', 2, 1, 'multiple documents'],
    ['a mapping stands in a line with its key', 'a: b: c', 1, 4, 'this is not valid YAML'],
    ['a tag is unknown', 'a: !secret x', 1, 4, 'Unresolved tag'],
    ['an alias has no anchor', 'a: *x', 1, 4, 'found *x'],
    ['a key is there twice', 'a: 1\nb: 2\na: 3', 3, 1, 'a second time'],
    ['a key is a list', '? [a]\n: 1', 1, 3, 'a key that is no text'],
    ['an alias holds itself', 'a: &x { b: *x }', 1, 1, 'too many values'],
    [
      'aliases multiply',
      `a0: &a0 [1, 1]\n${Array.from({ length: 30 }, (_, n) => `a${n + 1}: &a${n + 1} [*a${n}, *a${n}]`).join('\n')}`,
      1,
      1,
      'too many values',
    ],
    ['it is nested without end', '['.repeat(3000), 1, 1, 'this is not valid YAML'],
  ];
  it.each(broken)('names what is wrong when %s', (why, text, line, column, message) => {
    const { problems } = readSource(text);
    expect(problems[0]!.message).toContain(message);
    if (!why.includes('nested')) expect(problems[0]).toMatchObject({ line, column });
    expect(problems.length).toBeLessThanOrEqual(10);
  });

  it('lets a reader change and refuse texts, but not keys and numbers', () => {
    const source = readSource('key: value\nlist: [a, 1, true]\n', (text, refuse) => {
      if (text === 'a') refuse('no a');
      return text.toUpperCase();
    });
    expect(source.value).toEqual({ key: 'VALUE', list: ['A', 1, true] });
    expect(source.problems).toEqual([{ line: 2, column: 8, field: 'list[0]', message: 'no a' }]);
    expect(source.written(['key'])).toBe('"value"');
  });
});
