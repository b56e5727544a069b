// Nanoseconds per message that the parsers need for heads and bodies in memory. Node's own parser can't be reached by public API
// without a stream and a request object around it, which is another thing than a parser: there is no peer. Progress goes to
// stderr, the last line of stdout is the result as JSON. `--quick`: a tenth of the messages.
import { cpus } from 'node:os';
import { type Kind, type MessageHandler, Parser } from '../src/index.ts';

const quick = process.argv.includes('--quick');
const rounds = 5;
const messages = quick ? 100_000 : 1_000_000;

const fields = [
  ...[
    'Server: nginx/1.24.0',
    'Date: Tue, 24 Nov 2026 12:00:00 GMT',
    'Content-Type: text/plain',
    'Last-Modified: Mon, 23 Nov 2026 08:00:00 GMT',
  ],
  ...['Connection: keep-alive', 'ETag: "6741a0f0-c8"', 'Accept-Ranges: bytes', 'X-Request-Id: 0123456789abcdef'],
];
const body = (bytes: number) => 'x'.repeat(bytes);
const asked = 'Host: 127.0.0.1:8080\r\nUser-Agent: galileo\r\nAccept: */*\r\nX-Request-Id: 0123456789abcdef\r\n';
const answer = `HTTP/1.1 200 OK\r\n${fields.join('\r\n')}\r\n`;
const ofLength = `${answer}Content-Length: 200\r\n\r\n${body(200)}`;

interface Case {
  readonly name: string;
  readonly kind: Kind;
  readonly pieces: readonly Buffer[];
}

const cases: readonly Case[] = [
  { name: 'response-200B', kind: 'response', pieces: [Buffer.from(ofLength)] },
  { name: 'request-get', kind: 'request', pieces: [Buffer.from(`GET /function/pi/digits?n=2000 HTTP/1.1\r\n${asked}\r\n`)] },
  {
    ...({ name: 'request-post-1KB', kind: 'request' } as const),
    pieces: [
      Buffer.from(`POST /function/pi HTTP/1.1\r\n${asked}Content-Type: text/plain\r\nContent-Length: 1024\r\n\r\n${body(1024)}`),
    ],
  },
  {
    ...({ name: 'response-chunked', kind: 'response' } as const),
    pieces: [Buffer.from(`${answer}Transfer-Encoding: chunked\r\n\r\n64\r\n${body(100)}\r\n64\r\n${body(100)}\r\n0\r\n\r\n`)],
  },
  { name: 'response-split', kind: 'response', pieces: [Buffer.from(ofLength.slice(0, 120)), Buffer.from(ofLength.slice(120))] },
];

/** Nanoseconds per message of a run of `count` messages. */
function measure({ kind, pieces }: Case, count: number): number {
  let [ends, bytes] = [0, 0];
  const handler: MessageHandler = {
    onHead() {},
    onData(_bytes, start, end) {
      bytes += end - start;
    },
    onTrailers() {},
    onEnd() {
      ends++;
    },
  };
  const parser = new Parser(kind, handler);
  const begin = process.hrtime.bigint();
  for (let i = 0; i < count; i++) for (const piece of pieces) parser.read(piece, 0, piece.length);
  const spent = Number(process.hrtime.bigint() - begin);
  if (ends !== count) throw new Error(`of ${count} messages ${ends} ended, with ${bytes} bytes`);
  return spent / count;
}

const times = new Map<string, number[]>(cases.map(({ name }) => [name, []]));
for (const one of cases) measure(one, messages / 10);
for (let round = 0; round < rounds; round++) {
  for (const one of cases) {
    const time = measure(one, messages);
    times.get(one.name)!.push(time);
    process.stderr.write(`${one.name}: ${Math.round(time)} ns\n`);
  }
}

const results = [...times].map(([name, values]) => {
  const sorted = values.map(Math.round).toSorted((a, b) => a - b);
  const range = [sorted[0], sorted.at(-1)];
  return { ...{ case: name, metric: 'ns_per_message', ours: sorted[Math.floor(rounds / 2)] }, range, peers: {}, ratio: {} };
});
const machine = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version };
console.log(JSON.stringify({ bench: 'http1', machine, results }));
