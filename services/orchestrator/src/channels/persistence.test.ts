import { expect, test } from 'vitest';
import { GaveUpError, persist } from './persistence.ts';

test('what fails is tried again until it succeeds', async () => {
  let tries = 0;
  const action = async () => {
    tries += 1;
    if (tries < 3) throw new Error('not yet');
    return tries;
  };
  expect(await persist('it', 10, action)).toBe(3);
});

test('it is given up in time with the last failure, also when a try hangs', async () => {
  const failing = persist('setting it', 0.3, async () => {
    throw new Error('etcd is away');
  });
  await expect(failing).rejects.toThrow('setting it did not succeed within 0.3 s: etcd is away');
  await expect(failing).rejects.toThrow(GaveUpError);
  await expect(persist('setting it', 0.1, () => new Promise(() => {}))).rejects.toThrow(
    'setting it did not succeed within 0.1 s: no answer',
  );
});

test('an abort ends it with its reason', async () => {
  const abort = new AbortController();
  const trying = persist('it', 10, () => new Promise(() => {}), abort.signal);
  abort.abort(new Error('cancelled'));
  await expect(trying).rejects.toThrow('cancelled');
});
