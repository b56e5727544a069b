import { describe, expect, it, test } from 'vitest';
import { createMailbox, type Mailbox } from './mailbox.ts';

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

describe('a mailbox is empty', () => {
  const never = new AbortController().signal;
  /** Notes when it is. */
  const watch = (mailbox: Mailbox<number>, signal = never) => {
    const watched = { empty: undefined as boolean | undefined };
    mailbox.empty(signal).then(value => {
      watched.empty = value;
    });
    return watched;
  };
  /** Lets all go on that can go on. */
  const settle = () => new Promise(resolve => setImmediate(resolve));

  it('at first, and without a reader until something is sent', async () => {
    const mailbox = createMailbox<number>();
    expect(await mailbox.empty(never)).toBe(true);
    mailbox.send(1);
    const watched = watch(mailbox);
    await settle();
    expect(watched.empty).toBeUndefined();
  });

  it('when the stream has taken the last message and asks for another, and not before', async () => {
    const mailbox = createMailbox<number>();
    for (const n of [1, 2, 3]) mailbox.send(n);
    const messages = mailbox.messages(never);
    const watched = watch(mailbox);
    for (const n of [1, 2, 3]) {
      expect((await messages.next()).value).toBe(n);
      await settle();
      // The stream is busy with this one.
      expect(watched.empty).toBeUndefined();
    }
    const asked = messages.next();
    await settle();
    expect(watched.empty).toBe(true);
    mailbox.end();
    expect((await asked).done).toBe(true);
    expect(await mailbox.empty(never)).toBe(true);
  });

  it('only when what was sent meanwhile has gone out too', async () => {
    const mailbox = createMailbox<number>();
    mailbox.send(1);
    const messages = mailbox.messages(never);
    await messages.next();
    const watched = watch(mailbox);
    mailbox.send(2);
    expect((await messages.next()).value).toBe(2);
    await settle();
    expect(watched.empty).toBeUndefined();
    const asked = messages.next();
    await settle();
    expect(watched.empty).toBe(true);
    mailbox.end();
    await asked;
  });

  it('for all that wait, each time anew', async () => {
    const mailbox = createMailbox<number>();
    const received: number[] = [];
    const reading = (async () => {
      for await (const message of mailbox.messages(never)) received.push(message);
    })();
    for (let n = 1; n <= 20; n++) {
      mailbox.send(n);
      expect(await Promise.all([mailbox.empty(never), mailbox.empty(never)])).toEqual([true, true]);
      expect(received.at(-1)).toBe(n);
    }
    mailbox.end();
    await reading;
  });

  it('never, once the stream has gone: who waits is told by the signal', async () => {
    const mailbox = createMailbox<number>();
    mailbox.send(1);
    const stream = new AbortController();
    const watched = watch(mailbox, stream.signal);
    await settle();
    expect(watched.empty).toBeUndefined();
    stream.abort();
    await settle();
    expect(watched.empty).toBe(false);
    expect(await mailbox.empty(AbortSignal.abort())).toBe(false);
  });
});
