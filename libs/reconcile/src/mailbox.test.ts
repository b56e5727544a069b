import { expect, test } from 'vitest';
import { createMailbox } from './mailbox.ts';

test('messages come out in order, those before the end and none after an abort', async () => {
  const mailbox = createMailbox<number>();
  const received: number[] = [];
  const reading = (async () => {
    for await (const message of mailbox.messages(new AbortController().signal)) received.push(message);
  })();
  mailbox.send(1);
  mailbox.send(2);
  await Promise.resolve();
  mailbox.send(3);
  mailbox.end();
  await reading;
  expect(received).toEqual([1, 2, 3]);
  const aborted = createMailbox<number>();
  for await (const _ of aborted.messages(AbortSignal.abort())) expect.unreachable();
});
