import { connect, createServer, type Socket } from 'node:net';
import { until } from '@galileo/testkit';

/** A TCP connection, byte for byte. */
export interface RawConnection extends Disposable {
  readonly socket: Socket;
  write(bytes: string): void;
  /** All that has come so far, one character per byte. */
  received(): string;
  /** Waits until what has come contains `text` (`count` times), and returns it all. */
  until(text: string, count?: number): Promise<string>;
  /** Waits for the end of the connection: `end` (FIN) or the code of its error. */
  ended(): Promise<string>;
}

/** Follows the bytes of a socket. */
export function followSocket(socket: Socket): RawConnection {
  let received = '';
  let end: string | undefined;
  socket
    .on('data', chunk => {
      received += chunk.toString('latin1');
    })
    .on('end', () => {
      end ??= 'end';
    })
    .on('error', error => {
      end ??= (error as NodeJS.ErrnoException).code ?? error.message;
    })
    .on('close', () => {
      end ??= 'end';
    });
  return {
    socket,
    write: bytes => void socket.write(bytes, 'latin1'),
    received: () => received,
    async until(text, count = 1) {
      try {
        await until('bytes', () => received.split(text).length > count);
      } catch (cause) {
        throw new Error(`${JSON.stringify(text)} did not come ${count} times (end: ${end}), but ${received}`, { cause });
      }
      return received;
    },
    ended: () => until('end of the connection', () => end),
    [Symbol.dispose]: () => void socket.destroy(),
  };
}

/** Opens a connection to HOST:PORT. */
export function openRaw(address: string): RawConnection {
  const colon = address.lastIndexOf(':');
  return followSocket(connect({ host: address.slice(0, colon), port: Number(address.slice(colon + 1)), noDelay: true }));
}

/** Sends bytes on a connection of their own and returns what comes until its end. The bytes must make the other side close. */
export async function converse(address: string, bytes: string): Promise<{ text: string; end: string }> {
  using connection = openRaw(address);
  connection.write(bytes);
  const end = await connection.ended();
  return { text: connection.received(), end };
}

/** A GET of the function's path with further lines of the head; the connection is closed after it. */
export const get = (path = '/function/f', ...lines: string[]) =>
  [`GET ${path} HTTP/1.1`, 'Host: lb', 'Connection: close', ...lines, '', ''].join('\r\n');

export interface Response {
  readonly status: string;
  /** Lines of the head after the status line, as they are. */
  readonly lines: readonly string[];
  readonly body: string;
}

/** Takes one response apart; a chunked body stays chunked. */
export function parseResponse(text: string): Response {
  const [head, ...body] = text.split('\r\n\r\n');
  const [status, ...lines] = head!.split('\r\n');
  return { status: status!, lines, body: body.join('\r\n\r\n') };
}

export interface RawUpstream extends AsyncDisposable {
  /** HOST:PORT. */
  readonly address: string;
  /** Connections in the order in which they came. */
  readonly connections: readonly RawConnection[];
  /** What came on all of them. */
  requests(): string;
}

/** Starts a server that does with each connection what `script` says (which may be asynchronous). */
export async function startRawUpstream(script: (connection: RawConnection, index: number) => unknown): Promise<RawUpstream> {
  const connections: RawConnection[] = [];
  const failures: unknown[] = [];
  const server = createServer({ noDelay: true }, socket => {
    const connection = followSocket(socket);
    connections.push(connection);
    Promise.resolve(script(connection, connections.length - 1)).catch(error => failures.push(error));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as { port: number }).port}`,
    connections,
    requests: () => connections.map(connection => connection.received()).join(''),
    async [Symbol.asyncDispose]() {
      for (const connection of connections) connection[Symbol.dispose]();
      await new Promise(resolve => server.close(resolve));
    },
  };
}

/** Answers each request head that comes (bodies are not read) with the same bytes. */
export function answering(bytes: string): (connection: RawConnection) => void {
  return connection => {
    let seen = 0;
    connection.socket.on('data', () => {
      for (const heads = connection.received().split('\r\n\r\n').length - 1; seen < heads; seen++) connection.write(bytes);
    });
  };
}

export const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** An address of this machine that nobody listens on. */
export async function closedAddress(): Promise<string> {
  await using upstream = await startRawUpstream(() => {});
  return upstream.address;
}
