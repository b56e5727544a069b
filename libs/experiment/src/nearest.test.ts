import { describe, expect, it } from 'vitest';
import { nearest } from './nearest.ts';

describe('the nearest word', () => {
  const words = ['distribution', 'parameters', 'requests', 'weight', 'node', 'path', 'expovariate', 'normalvariate'];
  const table: [why: string, word: string, meant: string | undefined][] = [
    ['a letter is missing', 'distribtion', 'distribution'],
    ['two neighbours are swapped', 'wieght', 'weight'],
    ['a letter is too much', 'nodes', 'node'],
    ['the case differs', 'Path', 'path'],
    ['it is the begin of one', 'expo', 'expovariate'],
    ['it is the same', 'node', 'node'],
    ['it is another word', 'colour', undefined],
    ['it is too short to tell', 'no', undefined],
    ['it is empty', '', undefined],
  ];
  it.each(table)('is found or not: %s', (_, word, meant) => {
    expect(nearest(word, words)).toBe(meant);
  });
});
