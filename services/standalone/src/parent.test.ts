import { PassThrough } from 'node:stream';
import { until } from '@galileo/testkit';
import { expect, test } from 'vitest';
import { endWithParent } from './parent.ts';

test('it ends once the parent is gone and nobody needs it', async () => {
  const input = new PassThrough();
  let idle = true;
  let ended = 0;
  using _parent = endWithParent(
    input,
    () => idle,
    () => ended++,
    100,
  );
  await new Promise(resolve => setTimeout(resolve, 150));
  expect(ended).toBe(0);
  idle = false;
  input.end();
  await new Promise(resolve => setTimeout(resolve, 150));
  expect(ended).toBe(0);
  idle = true;
  await until('it ends', () => ended === 1);
});
