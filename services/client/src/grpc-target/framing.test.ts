import { expect, it } from 'vitest';
import { framed, ReceivedMessage } from './framing.ts';

/** Takes bytes in pieces of this size. */
function received(bytes: Buffer, size: number, keep = 100): ReceivedMessage {
  const message = new ReceivedMessage(keep);
  for (let at = 0; at < bytes.length; at += size) message.take(bytes.subarray(at, at + size));
  return message;
}

it.each([1, 2, 3, 4, 5, 6, 100])('a message is put together from pieces of %i bytes', size => {
  const message = received(framed(Buffer.from('hello')), size);
  expect([message.isWhole, message.bytes, String(message.content())]).toEqual([true, 5, 'hello']);
});

it('an empty message is one', () => {
  expect(received(framed(Buffer.alloc(0)), 5)).toMatchObject({ isWhole: true, bytes: 0 });
});

it.each([
  ['nothing', Buffer.alloc(0)],
  ['half a prefix', Buffer.alloc(3)],
  ['half a message', framed(Buffer.from('hello')).subarray(0, 8)],
  ['two messages', Buffer.concat([framed(Buffer.from('a')), framed(Buffer.from('b'))])],
  ['a compressed message', Buffer.from([1, 0, 0, 0, 1, 65])],
])('%s is no whole message', (_, bytes) => {
  expect(received(bytes, 1).isWhole).toBe(false);
});

it('a message that is longer than what is kept is counted', () => {
  const message = received(framed(Buffer.from('hello')), 2, 4);
  expect([message.isWhole, message.bytes, message.content()]).toEqual([true, 5, null]);
});
