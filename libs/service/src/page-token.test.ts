import { expect, test } from 'vitest';
import { formatPageToken, parsePageToken } from './page-token.ts';

test('a token gives back its position', () => {
  const position = { created: 1795485729.2571423, id: '202611240302-ab12' };
  expect(parsePageToken(formatPageToken(position))).toEqual(position);
});

test.for(['x', '', Buffer.from('{}').toString('base64url'), Buffer.from('["a","b"]').toString('base64url')])(
  'what is no token is refused: %s',
  token => {
    expect(parsePageToken(token)).toBeUndefined();
  },
);
