import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createPublishEncoder } from './encode.ts';
import { encodeCommand } from './link.ts';

it('writes PUBLISH as Redis reads it, and as many bytes as it said', () => {
  const encoder = createPublishEncoder();
  const text = fc.string({ unit: 'binary' });
  fc.assert(
    fc.property(text, fc.oneof(text, fc.constantFrom('', 'x'.repeat(99), 'x'.repeat(100), 'é'.repeat(5000))), (channel, line) => {
      const size = Buffer.byteLength(line);
      const target = Buffer.alloc(encoder.length(channel, size) + 7);
      const end = encoder.write(target, 3, channel, line, size);
      expect(end).toBe(target.length - 4);
      expect(target.subarray(3, end)).toEqual(Buffer.from(encodeCommand('PUBLISH', channel, line)));
    }),
  );
});
