import { tracingChannel } from 'node:diagnostics_channel';
import type { ServerHttp2Session } from 'node:http2';
import { type AddressInfo, Server, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { joinAddress } from './addresses.ts';
import type { Refusals } from './refusals.ts';
import { untrusted } from './tls-files.ts';

/**
 * nice-grpc hides the server of @grpc/grpc-js, which hides its HTTP/2 servers, and neither tells of a connection that fails
 * before its first call. Node tells of every server that begins to listen: those that do so while `listen` runs, and have
 * its port, are meant.
 * @returns what `listen` has resolved to, and the servers of that port.
 */
export async function findServers(listen: () => Promise<number>): Promise<{ port: number; servers: readonly Server[] }> {
  const found: Server[] = [];
  const channel = tracingChannel<unknown, { server?: unknown }>('net.server.listen');
  const subscriber = {
    start() {},
    end() {},
    asyncStart() {},
    asyncEnd({ server }: { server?: unknown }) {
      if (server instanceof Server) found.push(server);
    },
    error() {},
  };
  channel.subscribe(subscriber);
  try {
    const port = await listen();
    return { port, servers: found.filter(server => (server.address() as AddressInfo | null)?.port === port) };
  } finally {
    channel.unsubscribe(subscriber);
  }
}

/** The connections of servers. */
export interface Connections {
  /** Ends those that have not said anything yet; nothing else ever would. */
  endSilent(): void;
  /** Ends all. */
  end(): void;
}

/** First byte of a TLS handshake record (RFC 8446, section 5.1). */
const handshake = 0x16;

/** Tells `refusals` of connections that come to nothing. `tls`: do the servers speak it? */
export function watchConnections(servers: readonly Server[], tls: boolean, refusals: Refusals): Connections {
  const open = new Set<Socket>();
  for (const server of servers) {
    server.prependListener('connection', (socket: Socket) => {
      peerOf(socket);
      open.add(socket);
      socket.once('close', () => open.delete(socket));
    });
    if (tls) watchTls(server, refusals);
    else watchPlain(server, refusals);
  }
  const end = (which: (socket: Socket) => boolean) => {
    for (const socket of open) if (which(socket)) socket.destroy();
  };
  return { endSilent: () => end(socket => socket.bytesRead === 0), end: () => end(() => true) };
}

/** Known as long as the socket is open, and after that if it was asked for before. */
function peerOf(socket: Socket | undefined): string {
  if (socket === undefined) return 'unknown:0';
  const { remoteAddress, remotePort } = socket;
  return joinAddress(remoteAddress?.replace(/^::ffff:/, '') ?? 'unknown', remotePort ?? 0);
}

function watchTls(server: Server, refusals: Refusals): void {
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: TLSSocket & { _parent?: Socket }) => {
    // A TLS socket that is closed does not know its peer any more, but the one below it, which has no public name, does.
    const below = socket._parent ?? socket;
    const peer = peerOf(below);
    const reason = tlsReason(error, socket);
    if (reason !== undefined) refusals.connection(peer, reason);
    else if (below.bytesRead > 0) refusals.vague(peer, brokenOff);
  });
  server.on('session', (session: ServerHttp2Session) => {
    const peer = peerOf(session.socket as Socket);
    let spoken = false;
    session.once('remoteSettings', () => {
      spoken = true;
    });
    session.once('close', () => {
      if (!spoken) refusals.vague(peer, brokenOff);
    });
  });
}

/** A client that verifies the certificate after the handshake just goes; it knows why. */
const brokenOff = 'it broke TLS off, perhaps because it does not accept the certificate of galileo_tls_cert: its own error tells';

/** Why TLS was not set up; undefined if the client has just gone. */
function tlsReason(error: NodeJS.ErrnoException, socket: TLSSocket): string | undefined {
  // Node's type has an Error here; it is the code of one.
  const verification = socket.authorizationError as unknown as string | null;
  if (verification === 'CERT_HAS_EXPIRED') return 'its certificate has expired';
  if (verification === 'CERT_NOT_YET_VALID') return 'its certificate is not valid yet';
  if (verification && untrusted.has(verification)) return 'its certificate is not of the authority in galileo_tls_ca';
  if (verification) return `its certificate is not accepted (${verification})`;
  const code = error.code ?? '';
  if (code === 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE') return 'it shows no certificate (galileo_tls_cert)';
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_HTTP_REQUEST') {
    return 'it does not speak TLS, as galileo_tls_cert wants it here';
  }
  const alert = /ALERT_(.*)$/.exec(code)?.[1];
  if (alert !== undefined) {
    return `it does not accept the certificate of galileo_tls_cert (${alert.toLowerCase().replaceAll('_', ' ')})`;
  }
  if (code === 'ECONNRESET') return undefined;
  return `TLS failed (${code || error.message})`;
}

/**
 * HTTP/2 says of a wrong beginning only that it is wrong. So the first byte is looked at before the connection is handed
 * over, with the byte put back; Node's HTTP/2 takes what a socket has buffered.
 */
function watchPlain(server: Server, refusals: Refusals): void {
  const [watch, ...accept] = server.listeners('connection') as ((socket: Socket) => void)[];
  server.removeAllListeners('connection').on('connection', (socket: Socket) => {
    watch!.call(server, socket);
    const ignore = () => {};
    socket.on('error', ignore).once('readable', () => {
      const chunk = socket.read() as Buffer | null;
      if (chunk === null) {
        socket.destroy();
        return;
      }
      socket.unshift(chunk);
      if (chunk[0] === handshake) refusals.connection(peerOf(socket), 'it speaks TLS, and galileo_tls_cert is not set here');
      for (const listener of accept) listener.call(server, socket);
      socket.off('error', ignore);
    });
  });
  server.on('session', (session: ServerHttp2Session) => {
    const socket = session.socket as Socket;
    const peer = peerOf(socket);
    session.once('error', (error: Error) => {
      if (/bad client magic/.test(error.message)) refusals.vague(peer, 'it does not speak HTTP/2, which gRPC needs');
    });
  });
}
