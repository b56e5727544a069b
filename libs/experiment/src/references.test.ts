// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how a reference to the environment is written
import { describe, expect, it } from 'vitest';
import { findReferences, resolveReferences } from './references.ts';

describe('references to the environment', () => {
  const table: [text: string, names: string[], malformed: string[], resolved: string][] = [
    ['plain', [], [], 'plain'],
    ['${env:A}', ['A'], [], 'one'],
    ['x-${env:A}-${env:B_2}!', ['A', 'B_2'], [], 'x-one-two!'],
    ['${env:A}${env:A}', ['A', 'A'], [], 'oneone'],
    ['${env:NONE}', ['NONE'], [], '${env:NONE}'],
    ['${env:toString}', ['toString'], [], '${env:toString}'],
    ['${env:}', [], ['${env:}'], '${env:}'],
    ['${env:1A}', [], ['${env:1A}'], '${env:1A}'],
    ['${env:A B}', [], ['${env:A B}'], '${env:A B}'],
    ['open ${env:A', [], ['${env:A'], 'open ${env:A'],
    ['$A ${A} $env:A', [], [], '$A ${A} $env:A'],
    ['${env:MONEY}', ['MONEY'], [], '$1 $& ${env:A}'],
  ];
  it.each(table)('%s', (text, names, malformed, resolved) => {
    expect(findReferences(text)).toEqual({ names, malformed });
    expect(resolveReferences(text, { A: 'one', B_2: 'two', MONEY: '$1 $& ${env:A}' })).toBe(resolved);
  });
});
