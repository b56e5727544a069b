import { PublishRequest } from '@galileo/proto/recorder';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { decodeLineBatch, encodeLineBatch, type LineBatch } from './line-batch.ts';
import { createInterner } from './redis/resp.ts';

const generated = ({ producerId, sequence, channels, lines }: LineBatch): Uint8Array =>
  PublishRequest.encode({
    producerId,
    sequence,
    records: lines.map((line, i) => ({ channel: channels[i]!, line: Buffer.from(line) })),
  }).finish();

const read = (bytes: Uint8Array) => decodeLineBatch(bytes, createInterner(4));
const channel = fc.oneof(fc.string(), fc.string({ unit: 'grapheme' }), fc.constant('telem/node-a/cpu'));
const text = fc.oneof(fc.string(), fc.string({ unit: 'grapheme' }), fc.string({ minLength: 120, maxLength: 400 }));
const batches = fc
  .record({ producerId: text, sequence: fc.maxSafeNat(), records: fc.array(fc.record({ channel, line: text })) })
  .map(({ producerId, sequence, records }) => ({
    ...{ producerId, sequence },
    ...{ channels: records.map(({ channel }) => channel), lines: records.map(({ line }) => line) },
  }));

describe('a batch of lines', () => {
  it('is written as the generated code reads it', () => {
    fc.assert(
      fc.property(batches, batch => {
        expect(generated(batch)).toEqual(PublishRequest.encode(PublishRequest.decode(encodeLineBatch(batch))).finish());
      }),
    );
  });

  it('is read as it was written, by either', () => {
    fc.assert(
      fc.property(batches, batch => {
        expect(read(encodeLineBatch(batch))).toEqual(batch);
        expect(read(generated(batch))).toEqual(batch);
      }),
    );
  });

  it('is read or refused as by the generated code, whatever its bytes are', () => {
    const outcome = (decode: () => LineBatch) => {
      try {
        return decode();
      } catch {
        return 'refused';
      }
    };
    const damaged = fc.tuple(batches, fc.nat(), fc.nat({ max: 255 }), fc.nat()).map(([batch, at, byte, length]) => {
      const bytes = encodeLineBatch(batch);
      bytes[at % bytes.length] = byte;
      return bytes.subarray(0, 1 + (length % bytes.length));
    });
    fc.assert(
      fc.property(fc.oneof(damaged, fc.uint8Array()), bytes => {
        const expected = outcome(() => {
          const { producerId, sequence, records } = PublishRequest.decode(bytes);
          return {
            ...{ producerId, sequence },
            ...{ channels: records.map(({ channel }) => channel), lines: records.map(({ line }) => line.toString()) },
          };
        });
        expect(outcome(() => read(bytes))).toEqual(expected);
      }),
      { numRuns: 2000 },
    );
  });
});

test('a text that is no well-formed Unicode is written as U+FFFD', () => {
  const batch = { producerId: '', sequence: 1, channels: ['\ud800'], lines: ['a\udc00'] };
  expect(read(encodeLineBatch(batch))).toEqual({ ...batch, channels: ['\ufffd'], lines: ['a\ufffd'] });
});
