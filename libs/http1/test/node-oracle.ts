import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import { Duplex } from 'node:stream';

/** What node:http made of a message. */
export interface NodeMessage {
  start: string;
  fields: string[];
  body: string;
  trailers: string[];
  complete: boolean;
}

export interface NodeTold {
  messages: NodeMessage[];
  /** Code of its error. */
  fault: string | undefined;
}

/** Neither a parser nor a stream of memory needs so long, milliseconds. */
const patience = 5000;

/** One side of a connection in memory: what is written to it is dropped, what is given it is read. */
function connection(written?: () => void): Duplex {
  return new Duplex({
    read() {},
    write(_bytes, _encoding, done) {
      written?.();
      done();
    },
  });
}

const pairs = (raw: readonly string[]) => raw.flatMap((name, i) => (i % 2 === 0 ? [`${name}: ${raw[i + 1]}`] : []));

/** Notes a message, and its body and trailers as they come. */
function note(told: NodeTold, message: IncomingMessage, start: string): NodeMessage {
  const noted = { ...{ start, fields: pairs(message.rawHeaders), body: '' }, trailers: [] as string[], complete: false };
  told.messages.push(noted);
  message.on('data', (piece: Buffer) => {
    noted.body += piece.toString('latin1');
  });
  message.on('end', () => {
    noted.trailers = pairs(message.rawTrailers);
    noted.complete = message.complete;
  });
  message.on('error', (error: NodeJS.ErrnoException) => {
    told.fault ??= error.code ?? error.message;
  });
  return noted;
}

async function closed(socket: Duplex, told: NodeTold): Promise<NodeTold> {
  let timer: NodeJS.Timeout | undefined;
  const end = new Promise<void>(resolve => socket.once('close', resolve));
  const never = new Promise<void>(resolve => {
    timer = setTimeout(resolve, patience);
  });
  await Promise.race([end, never]);
  clearTimeout(timer);
  if (!socket.closed) {
    told.fault ??= 'never closed';
    socket.destroy();
  }
  return told;
}

/** Asks node's server for the requests in some bytes, behind which the connection ends. */
export async function askServer(bytes: Buffer, server: Server): Promise<NodeTold> {
  const told: NodeTold = { messages: [], fault: undefined };
  const socket = connection();
  const start = ({ method, url, httpVersion }: IncomingMessage) => `${method} ${url} HTTP/${httpVersion}`;
  notes.set(socket, {
    request: message => void note(told, message, start(message)),
    connect: message => {
      note(told, message, start(message)).complete = true;
      socket.destroy();
    },
    fault: error => {
      told.fault ??= error.code ?? error.message;
      socket.destroy();
    },
  });
  server.emit('connection', socket);
  socket.push(bytes);
  socket.push(null);
  return closed(socket, told);
}

interface Notes {
  request(message: IncomingMessage): void;
  connect(message: IncomingMessage): void;
  fault(error: NodeJS.ErrnoException): void;
}

/** Who hears what a server tells of a connection. */
const notes = new WeakMap<object, Notes>();

/** A server to be asked; it listens nowhere. */
export function makeServer(maxHeaderSize: number): Server {
  const server = createServer({ maxHeaderSize, keepAliveTimeout: 0, connectionsCheckingInterval: 1 << 30 });
  for (const event of ['request', 'checkContinue', 'checkExpectation']) {
    server.on(event, (message, answer) => {
      notes.get(message.socket)!.request(message);
      message.on('end', () => answer.end());
      message.on('error', () => {});
    });
  }
  server.on('connect', message => notes.get(message.socket)!.connect(message));
  server.on('clientError', (error, socket) => notes.get(socket)!.fault(error));
  return server;
}

/** Asks node's client for the response in some bytes, behind which the connection ends. */
export async function askClient(bytes: Buffer, method: 'GET' | 'HEAD' | 'CONNECT', maxHeaderSize: number): Promise<NodeTold> {
  const told: NodeTold = { messages: [], fault: undefined };
  let given = false;
  const socket = connection(() => {
    if (given) return;
    given = true;
    setImmediate(() => {
      socket.push(bytes);
      socket.push(null);
    });
  });
  const path = method === 'CONNECT' ? 'a:80' : '/';
  const asked = request({ createConnection: () => socket, method, host: 'a', path, maxHeaderSize });
  const start = (message: Pick<IncomingMessage, 'httpVersion' | 'statusCode' | 'statusMessage'>) =>
    `HTTP/${message.httpVersion} ${message.statusCode} ${message.statusMessage}`;
  asked.on('information', info => {
    const fields = pairs(info.rawHeaders as unknown as string[]);
    told.messages.push({ ...{ start: start(info), fields, body: '' }, trailers: [], complete: true });
  });
  asked.on('response', message => void note(told, message, start(message)));
  for (const event of ['upgrade', 'connect'] as const) {
    asked.on(event, message => {
      note(told, message, start(message)).complete = true;
      socket.destroy();
    });
  }
  asked.on('error', (error: NodeJS.ErrnoException) => {
    told.fault ??= error.code ?? error.message;
    socket.destroy();
  });
  asked.end();
  return closed(socket, told);
}
