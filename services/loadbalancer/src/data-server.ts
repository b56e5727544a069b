import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { rawAnswer } from './answers.ts';
import { type ClientConnection, followConnection, type Handler } from './client-connection.ts';

export interface DataServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Seconds; 0 means for ever. */
  readonly clientIdleTimeout: number;
  readonly maxHeaderBytes: number;
  readonly handle: Handler;
  /** Called for each answer that the server gives to what is no request. */
  onRefusal(): void;
}

/** The server that clients talk to. Disposing it lets requests in flight finish, for a while. */
export interface DataServer extends AsyncDisposable {
  /** HOST:PORT. */
  readonly address: string;
}

/** How long requests in flight may take when the server stops, milliseconds. */
const patience = 5000;

/** What llhttp and the head's limits say, as a status. */
function statusOf(code: string | undefined): number | undefined {
  if (code === 'HPE_HEADER_OVERFLOW') return 431;
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 408;
  return code?.startsWith('HPE_') ? 400 : undefined;
}

/** Starts to listen. @throws the error of `listen` (`EADDRINUSE`, `EACCES`, `ENOTFOUND`, …). */
export async function startDataServer(options: DataServerOptions): Promise<DataServer> {
  const connections = new Map<Socket, ClientConnection>();
  const server = createServer({
    // Also against a NODE_OPTIONS that says otherwise: leniency is what request smuggling lives on.
    insecureHTTPParser: false,
    maxHeaderSize: options.maxHeaderBytes,
    // Checked with the other rules about Host, so that the answer is counted.
    requireHostHeader: false,
    headersTimeout: options.clientIdleTimeout * 1000,
    keepAliveTimeout: options.clientIdleTimeout * 1000,
    requestTimeout: 0,
    connectionsCheckingInterval: 1000,
    keepAlive: true,
    keepAliveInitialDelay: 60_000,
  });
  // Beyond its limit Node drops fields without a word; the size of the head is limited anyway.
  server.maxHeadersCount = 0;
  // The time is not announced to clients, so nothing has to be added to it.
  server.keepAliveTimeoutBuffer = 0;

  server.on('connection', (socket: Socket) => {
    connections.set(socket, followConnection(socket, options.handle));
    socket.once('close', () => connections.delete(socket));
  });
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    connections.get(request.socket)?.take(request, response);
  });
  server.on('connect', (request: IncomingMessage) => {
    options.onRefusal();
    connections
      .get(request.socket)
      ?.refuse(rawAnswer(405, 'CONNECT is not possible here\n', ['Allow', 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS']));
  });
  server.on('clientError', (error: NodeJS.ErrnoException & { reason?: string }, socket: Socket) => {
    const status = statusOf(error.code);
    const connection = connections.get(socket);
    // One that has never said anything gets no answer to nothing.
    if (status === undefined || connection === undefined || !socket.writable || socket.bytesRead === 0) {
      socket.destroy();
      return;
    }
    options.onRefusal();
    connection.refuse(rawAnswer(status, `${error.reason ?? error.message}\n`));
  });

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(options.port, options.host, resolve);
  });
  const { address, family, port } = server.address() as AddressInfo;
  return {
    address: `${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    async [Symbol.asyncDispose]() {
      const closed = new Promise(resolve => server.close(resolve));
      for (const connection of connections.values()) connection.close();
      const limit = setTimeout(() => server.closeAllConnections(), patience);
      await closed;
      clearTimeout(limit);
    },
  };
}
