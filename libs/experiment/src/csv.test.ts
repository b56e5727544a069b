import { expect, it } from 'vitest';
import { parseCsv } from './csv.ts';

const parse = (text: string) => parseCsv(Buffer.from(text));

it('reads names, and cells with or without quotes', () => {
  expect(parse('\ufeffid, first name\r\n1,Ann\n\n"2","a ""b"", c\nd"\r\n3,')).toEqual({
    columns: ['id', 'first name'],
    rows: [
      ['1', 'Ann'],
      ['2', 'a "b", c\nd'],
      ['3', ''],
    ],
  });
  expect(parse('a\n""\n x ')).toEqual({ columns: ['a'], rows: [[''], [' x ']] });
  expect(parse('a\n1,'.replace(',', ''))).toEqual({ columns: ['a'], rows: [['1']] });
});

it.for<[why: string, text: string, message: string]>([
  ['nothing', '', 'found nothing; allowed: a line with the names'],
  ['names alone', 'a,b\n', 'found no row; allowed: at least one'],
  ['a short row', 'a,b\n1,2\n\n3\n', 'line 4: found 1 cells; allowed: 2, as many as columns'],
  ['a long row after a cell of two lines', 'a,b\n"1\n",2\n1,2,3', 'line 4: found 3 cells; allowed: 2'],
  ['a comma too many', 'a\n1,', 'line 2: found 2 cells; allowed: 1'],
  ['a quote within a cell', 'a\nx"y"', 'line 2: found "x\\"y\\""; allowed: cells without quotes'],
  ['a quote without an end', 'a\n"x', 'line 2: found "\\"x"; allowed: cells without quotes, or in quotes'],
  ['text after a quote', 'a\n"x"y', 'line 2: found "\\"x\\"y"; allowed'],
  ['a column twice', 'a,a\n1,2', 'line 1: found the column "a" a second time; allowed: once'],
  ['a column without a name', 'a,\n1,2', 'line 1: found the column ""; allowed: a name without braces'],
  ['a column that no template can name', 'a}b\n1', 'line 1: found the column "a}b"; allowed: a name without braces'],
])('refuses %s', ([, text, message]) => {
  expect(() => parse(text)).toThrow(message);
});

it('refuses what is no UTF-8', () => {
  expect(() => parseCsv(Buffer.from([0x61, 0x0a, 0xff]))).toThrow('found bytes that are no UTF-8; allowed: text in UTF-8');
});

it('reads large files in linear time', () => {
  const rows = 200_000;
  expect(parse(`a,b\n${'1,"2"\n'.repeat(rows)}`).rows).toHaveLength(rows);
});
