import { X509Certificate } from 'node:crypto';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { splitAddress } from './addresses.ts';
import type { Credentials } from './credentials.ts';
import { invalidNow, type TlsIdentity, untrusted } from './tls-files.ts';

/** The beginning of an HTTP/2 connection (RFC 9113, section 3.4): the preface and an empty SETTINGS frame. */
const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', 'latin1');

const theirVariables = 'galileo_tls_cert, galileo_tls_key and galileo_tls_ca';

interface Heard {
  /** Was there a connection (with TLS: one that is set up)? */
  readonly established: boolean;
  /** What the other side said first; empty if it said nothing. */
  readonly bytes: Buffer;
  readonly error: NodeJS.ErrnoException | undefined;
  /** The time was over. */
  readonly late: boolean;
}

/** Says something as soon as there is a connection, and listens until the first answer, the end, or `timeout` seconds. */
async function talk(socket: Socket, connected: 'connect' | 'secureConnect', say: Buffer, timeout: number): Promise<Heard> {
  const ended = new AbortController();
  const heard = await new Promise<Heard>(resolve => {
    let established = false;
    const settle = (fields: Partial<Heard>) =>
      resolve({ established, bytes: Buffer.alloc(0), error: undefined, late: false, ...fields });
    socket.once(connected, () => {
      established = true;
      socket.write(say);
    });
    socket.once('data', bytes => settle({ bytes }));
    socket.on('error', error => settle({ error }));
    socket.once('close', () => settle({}));
    sleep(timeout * 1000, undefined, { signal: ended.signal }).then(
      () => settle({ late: true }),
      () => {},
    );
  });
  ended.abort();
  socket.destroy();
  return heard;
}

/** What a TLS client says first. */
async function clientHello(): Promise<Buffer> {
  const { promise, resolve } = Promise.withResolvers<Buffer>();
  const wire = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      resolve(chunk);
      done();
    },
  });
  const socket = connectTls({ socket: wire, ALPNProtocols: ['h2'] }).on('error', () => {});
  const hello = await promise;
  socket.destroy();
  return hello;
}

/** A server begins with a SETTINGS frame on stream 0 (RFC 9113, sections 3.4 and 4.1). */
const isHttp2 = (bytes: Buffer) => bytes.length >= 9 && bytes[3] === 4 && bytes.readUInt32BE(5) === 0;

/** A record of a handshake or an alert (RFC 8446, section 5.1). */
const isTls = (bytes: Buffer) => bytes.length >= 3 && (bytes[0] === 0x16 || bytes[0] === 0x15) && bytes[1] === 3;

function unreachable(address: string, { error, late }: Heard): string {
  if (error?.code === 'ECONNREFUSED') return `nobody listens on ${address}`;
  if (error?.code === 'ENOTFOUND') return `the host of ${address} is not known (${error.code})`;
  return `${address} can't be reached (${late ? 'no answer' : (error?.code ?? 'closed')})`;
}

function strange(address: string, { bytes, late }: Heard): string {
  if (bytes.length === 0) {
    const how = late ? 'accepts connections and says nothing' : 'accepts connections and closes them at once';
    return `${address} ${how}: either it is not gRPC, or it hangs`;
  }
  const answer = bytes
    .toString('latin1')
    .split(/[\r\n]/)[0]!
    .slice(0, 40)
    .replaceAll(/[^\x20-\x7e]/g, '.');
  return `${address} does not speak gRPC: it answers ${JSON.stringify(answer)}`;
}

/**
 * Finds out why an address can't be called, by connecting to it as a call would. It takes at most three times `timeout`
 * seconds, and neither sends the token nor makes a call.
 * @returns a sentence that names the address and, where one is to be set, the variable; undefined if nothing is wrong with it.
 */
export async function diagnose(address: string, credentials: Credentials, timeout = 1): Promise<string | undefined> {
  const { tls } = credentials;
  return tls === undefined ? await diagnosePlain(address, timeout) : await diagnoseTls(address, tls, timeout);
}

async function diagnosePlain(address: string, timeout: number): Promise<string | undefined> {
  const plainly = (say: Buffer) => talk(connectTcp(splitAddress(address)), 'connect', say, timeout);
  const heard = await plainly(preface);
  if (!heard.established) return unreachable(address, heard);
  if (isHttp2(heard.bytes)) return undefined;
  const greeted = await plainly(await clientHello());
  if (isTls(greeted.bytes)) return `${address} speaks TLS: set ${theirVariables}`;
  return strange(address, heard.bytes.length > 0 ? heard : greeted);
}

async function diagnoseTls(address: string, identity: TlsIdentity, timeout: number): Promise<string | undefined> {
  const { host, port } = splitAddress(address);
  // The certificate is looked at here. Nothing that is secret goes to one who has shown a wrong one.
  const options = { ...identity, host, port, ALPNProtocols: ['h2'], rejectUnauthorized: false };
  const socket = connectTls(isIP(host) ? options : { ...options, servername: host });
  let wrong: string | undefined;
  socket.once('secureConnect', () => {
    wrong = certificateProblem(address, host, socket);
  });
  const heard = await talk(socket, 'secureConnect', preface, timeout);
  if (wrong !== undefined) return wrong;
  if (heard.established) {
    if (isHttp2(heard.bytes)) return undefined;
    return heard.bytes.length > 0 || heard.late ? strange(address, heard) : refused(address, identity);
  }
  const greeted = await talk(connectTcp({ host, port }), 'connect', preface, timeout);
  if (!greeted.established) return unreachable(address, greeted);
  if (isHttp2(greeted.bytes)) return `${address} does not speak TLS: unset ${theirVariables}, or set them there as well`;
  if (/ALERT/.test(heard.error?.code ?? '')) return `${refused(address, identity)} (${heard.error?.code})`;
  return strange(address, greeted.bytes.length > 0 ? greeted : heard);
}

/** Why the certificate that a server has shown is not accepted. */
function certificateProblem(address: string, host: string, socket: TLSSocket): string | undefined {
  // Node's type has an Error here; it is the code of one.
  const code = socket.authorizationError as unknown as string | null;
  if (!code) return undefined;
  const certificate = socket.getPeerX509Certificate();
  const untimely = certificate && invalidNow(certificate);
  if (untimely !== undefined) return `the certificate of ${address} (its galileo_tls_cert) ${untimely}`;
  if (untrusted.has(code)) return `the certificate of ${address} is not of the authority in galileo_tls_ca`;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const names = certificate?.subjectAltName ?? 'no host';
    return `the certificate of ${address} (its galileo_tls_cert) is not for the host ${host}, but for ${names}`;
  }
  return `the certificate of ${address} (its galileo_tls_cert) is not accepted (${code})`;
}

/** Why the own certificate was not accepted; the other side does not say. */
function refused(address: string, { cert }: TlsIdentity): string {
  const untimely = invalidNow(new X509Certificate(cert));
  if (untimely !== undefined) return `${address} refuses the certificate of galileo_tls_cert: it ${untimely}`;
  return `${address} refuses the certificate of galileo_tls_cert: it must be of the authority in the galileo_tls_ca there`;
}
