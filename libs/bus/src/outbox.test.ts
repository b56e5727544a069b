import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Batch, createOutbox, recordOverhead } from './outbox.ts';

function linesOf(batch: Batch | undefined): string[] {
  const lines: string[] = [];
  batch?.records.forEach((_channel, line) => {
    lines.push(line);
  });
  return lines;
}

function outboxOf(maxBytes: number, maxRecords = 3) {
  const lost: string[] = [];
  const outbox = createOutbox({ maxBytes, maxRecords, onLost: (_kind, _channel, line) => lost.push(line) });
  return { outbox, lost, append: (line: string) => outbox.append('event', 'c', line) };
}

test('a batch closes when it is full, and is sent once per stream until it is acknowledged', () => {
  const { outbox, append } = outboxOf(1e6);
  for (const line of ['a', 'b', 'c', 'd']) append(line);
  const first = outbox.next();
  expect([first?.sequence, linesOf(first)]).toEqual([1, ['a', 'b', 'c']]);
  expect(outbox.next()).toBeUndefined();
  outbox.rewind();
  expect(outbox.next()?.sequence).toBe(1);
  outbox.acknowledge(1);
  outbox.rewind();
  expect(outbox.next()).toBeUndefined();
  outbox.seal();
  const second = outbox.next();
  expect([second?.sequence, linesOf(second)]).toEqual([2, ['d']]);
});

test('at the cap the oldest batch that was never sent is lost, and what was sent is kept', () => {
  const size = 100 + 1 + recordOverhead;
  const { outbox, lost, append } = outboxOf(16 * size, 1);
  const line = (n: number) => String(n).padStart(100, '0');
  append(line(0));
  append(line(1));
  expect(outbox.next()?.sequence).toBe(1);
  for (let n = 2; n < 18; n++) append(line(n));
  expect(lost).toEqual([line(1), line(2)]);
  expect(linesOf(outbox.next())).toEqual([line(3)]);
});

test('many small batches take memory as they are small', () => {
  const { outbox, append } = outboxOf(1e6);
  let capacity = 0;
  for (let n = 0; n < 1000; n++) {
    append('x'.repeat(100));
    outbox.seal();
    capacity += outbox.next()!.records.capacity;
  }
  expect(capacity).toBeLessThanOrEqual(1000 * 1024);
});

test('the window bounds what is under way', () => {
  const size = 100 + 1 + recordOverhead;
  const { outbox, append } = outboxOf(16 * size, 1);
  for (let n = 0; n < 10; n++) append('x'.repeat(100));
  const sent = [];
  for (let batch = outbox.next(); batch !== undefined; batch = outbox.next()) sent.push(batch.sequence);
  expect(sent).toEqual([1, 2, 3, 4]);
  outbox.acknowledge(1);
  expect(outbox.next()?.sequence).toBe(5);
});

test('a record above a quarter of the cap is lost at once', () => {
  const { outbox, lost, append } = outboxOf(1000);
  append('x'.repeat(300));
  expect(lost).toHaveLength(1);
  expect(outbox.pending).toBe(0);
});

test('whatever breaks, each record arrives exactly once or is lost, in order, and the cap holds', () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('append' as const), length: fc.integer({ min: 0, max: 200 }) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('send' as const) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('deliver' as const) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('acknowledge' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('break' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('seal' as const) }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), steps => {
      const maxBytes = 4000;
      const { outbox, lost, append } = outboxOf(maxBytes);
      const published: string[] = [];
      const arrived: string[] = [];
      let accepted = 0;
      let wire: { sequence: number; lines: readonly string[] }[] = [];
      const deliver = () => {
        const batch = wire.shift();
        if (batch === undefined || batch.sequence <= accepted) return;
        accepted = batch.sequence;
        arrived.push(...batch.lines);
      };
      const send = () => {
        const batch = outbox.next();
        if (batch !== undefined) wire.push({ sequence: batch.sequence, lines: linesOf(batch) });
        return batch !== undefined;
      };
      for (const action of steps) {
        if (action.do === 'append') {
          const line = `${published.length}`.padEnd(action.length, '.');
          published.push(line);
          append(line);
        } else if (action.do === 'send') send();
        else if (action.do === 'deliver') deliver();
        else if (action.do === 'acknowledge') outbox.acknowledge(accepted);
        else if (action.do === 'seal') outbox.seal();
        else {
          wire = [];
          outbox.rewind();
        }
        expect(outbox.pending * recordOverhead).toBeLessThanOrEqual(maxBytes);
      }
      outbox.seal();
      wire = [];
      outbox.rewind();
      while (!outbox.settled(outbox.lastSequence)) {
        while (send());
        while (wire.length > 0) deliver();
        outbox.acknowledge(accepted);
      }
      const order = (line: string) => Number.parseInt(line, 10);
      expect([...arrived].sort((a, b) => order(a) - order(b))).toEqual(arrived);
      expect([...arrived, ...lost].sort((a, b) => order(a) - order(b))).toEqual(published);
      expect(outbox.pending).toBe(0);
    }),
  );
});
