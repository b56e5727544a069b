import { readFile } from 'node:fs/promises';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { type Certificates, createCertificates, freePort, temporaryDirectory, until } from '@galileo/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { HttpSenderOptions } from '../src/http/http-sender.ts';
import type { HttpOptions } from '../src/requests/http-options.ts';
import type { Answer, OutgoingRequest } from '../src/sender.ts';
import { createUndiciSender } from '../src/undici/undici-sender.ts';
import { listening, startHttp, startHttp2, startHttps, startProxy } from './undici-targets.ts';

const directory = await temporaryDirectory();
let files: Certificates;
let ca: string;

beforeAll(async () => {
  files = await createCertificates(directory.path);
  ca = await readFile(files.ca, 'utf8');
});
afterAll(() => directory[Symbol.asyncDispose]());

const cleanUp: AsyncDisposable[] = [];
afterEach(async () => {
  for (const item of cleanUp.splice(0).reverse()) await item[Symbol.asyncDispose]();
});

function own<T extends AsyncDisposable>(item: T): T {
  cleanUp.push(item);
  return item;
}

const now = () => Date.now() / 1000;
/** Waits for no answer. */
const nobody = { answered() {} };
const plain = { method: 'GET', path: '/', headers: {}, body: undefined, timeout: 10 };

function sender(given: Partial<HttpOptions> = {}, senderOptions: Partial<HttpSenderOptions> = {}) {
  const failures: string[] = [];
  const onIdleFailure = (_host: string, error: Error) => failures.push(error.message);
  const made = own(
    createUndiciSender({ now, connections: 100, keepBody: 1000, keepHeaders: true, onIdleFailure, ...senderOptions }),
  );
  const options: HttpOptions = { scheme: 'https', ...(given.scheme !== 'http' && { tls: { ca } }), ...given };
  const session = {};
  const of = (fields: Partial<OutgoingRequest>): OutgoingRequest => ({ ...plain, options, session, ...fields });
  return {
    ...made,
    of,
    failures,
    ask: (host: string, fields: Partial<OutgoingRequest> = {}) =>
      new Promise<Answer>(resolve => made.send(host, of(fields), { answered: resolve })),
  };
}

const headersOf = (answer: Answer) => JSON.parse(`{${answer.headers}}`) as Record<string, string>;

describe('TLS', () => {
  it('gives an answer as our own connections do, and charges the first request alone for the connection', async () => {
    const target = own(
      await startHttps(files.server, (request, response) => {
        response.writeHead(200, ['X-Final-Host', 'a:1', 'x-final-host', 'b:2', 'X-Seen', `${request.method} ${request.url}`]);
        request.pipe(response);
      }),
    );
    const { ask } = sender();
    const answer = await ask(target.address, { method: 'POST', path: '/a/../b?c=%20', body: Buffer.from('hello') });
    expect(answer).toMatchObject({ status: 200, error: null, bytes: 5, body: Buffer.from('hello') });
    expect(headersOf(answer)).toMatchObject({ 'X-Final-Host': 'a:1, b:2', 'X-Seen': 'POST /a/../b?c=%20' });
    const times = [answer.connected!, answer.sent, answer.firstByte!, answer.done];
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    const later = [await ask(target.address), await ask(target.address)];
    expect(later.map(({ connected, status }) => [connected, status])).toEqual(new Array(2).fill([null, 200]));
    expect(target.opened).toBe(1);
  });

  it('fails as tls for a server of another CA, an expired certificate and another name; nothing is sent', async () => {
    const reached: string[] = [];
    const serve = async (pair: { cert: string; key: string }) =>
      own(
        await startHttps(pair, (request, response) => {
          reached.push(request.url!);
          response.end();
        }),
      );
    const foreign = await serve(files.foreign);
    const expired = await serve(files.expired);
    const known = await serve(files.server);
    const failed = { error: 'tls', status: -1, sent: -1, connected: null, firstByte: null, bytes: null };
    expect(await sender().ask(foreign.address)).toMatchObject(failed);
    expect(await sender().ask(expired.address)).toMatchObject(failed);
    expect(await sender({ tls: {} }).ask(known.address)).toMatchObject(failed);
    const { ask } = sender({ tls: { ca, serverName: 'elsewhere.example' } });
    expect(await Promise.all([ask(known.address), ask(known.address)])).toMatchObject([failed, failed]);
    expect(reached).toEqual([]);
  });

  it('takes whatever certificate there is if it is told to', async () => {
    const target = own(await startHttps(files.foreign, (_request, response) => response.end()));
    expect(await sender({ tls: { insecure: true } }).ask(target.address)).toMatchObject({ status: 200, error: null });
  });

  it('asks for the name that it is given', async () => {
    const names: (string | false | null)[] = [];
    const target = own(
      await startHttps(files.server, (request, response) => {
        names.push((request.socket as Socket & { servername?: string | false }).servername ?? null);
        response.end();
      }),
    );
    expect((await sender({ tls: { ca, serverName: 'localhost' } }).ask(target.address)).status).toBe(200);
    expect((await sender().ask(target.address)).status).toBe(200);
    expect(names).toEqual(['localhost', false]);
  });

  it('shows its certificate where one is asked for; without it the server ends the connection', async () => {
    const options = { requestCert: true, rejectUnauthorized: true, ca };
    const target = own(await startHttps(files.server, (_request, response) => response.end(), options));
    const cert = await readFile(files.client.cert, 'utf8');
    const key = await readFile(files.client.key, 'utf8');
    expect(await sender({ tls: { ca, cert, key } }).ask(target.address)).toMatchObject({ status: 200, error: null });
    // A server of Node ends the connection without a word; others send an alert, see failure.test.ts.
    expect(await sender().ask(target.address)).toMatchObject({ status: -1, error: expect.stringMatching(/^(?:closed|reset)$/) });
  });

  it('fails as tls where none is spoken', async () => {
    const target = own(await startHttp((_request, response) => response.end()));
    expect(await sender().ask(target.address)).toMatchObject({ status: -1, error: 'tls', sent: -1 });
  });
});

describe('HTTP/2', () => {
  it('carries many requests over one connection', async () => {
    const target = own(
      await startHttp2(files.server, (request, response) => {
        response.setHeader('X-Version', request.httpVersion);
        response.setHeader('Set-Cookie', ['a=1', 'b=2']);
        request.pipe(response);
      }),
    );
    const { ask } = sender({ http2: true });
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => ask(target.address, { method: 'POST', body: Buffer.from(`body ${i}`) })),
    );
    for (const [i, answer] of answers.entries()) {
      expect(answer).toMatchObject({ status: 200, error: null, body: Buffer.from(`body ${i}`) });
      expect(headersOf(answer)).toMatchObject({ 'x-version': '2.0', 'set-cookie': 'a=1, b=2' });
      expect([answer.sent, answer.firstByte!, answer.done].every((time, n, all) => n === 0 || time >= all[n - 1]!)).toBe(true);
    }
    expect(answers.filter(({ connected }) => connected !== null)).toHaveLength(1);
    expect(target.opened).toBe(1);
  });

  it('is not given up for HTTP/1.1 without a word: it fails as protocol', async () => {
    const target = own(await startHttps(files.server, (_request, response) => response.end()));
    expect(await sender({ http2: true }).ask(target.address)).toMatchObject({ status: -1, error: 'protocol', sent: -1 });
  });

  it('fails as reset or closed when the server ends the connection in the middle of a body', async () => {
    const target = own(
      await startHttp2(files.server, (_request, response) => {
        response.write('part');
        for (const socket of target.sockets) setImmediate(() => socket.destroy());
      }),
    );
    const answer = await sender({ http2: true }).ask(target.address);
    expect(answer.status).toBe(-1);
    expect(['reset', 'closed']).toContain(answer.error);
  });
});

describe('redirects', () => {
  async function startChain() {
    const seen: string[] = [];
    const target = own(
      await startHttp((request, response) => {
        let body = '';
        request.on('data', chunk => {
          body += chunk;
        });
        request.on('end', () => {
          seen.push(`${request.method} ${request.url} ${body}`.trim());
          const [, status, left] = /^\/(\d+)\/(\d+)$/.exec(request.url!) ?? [];
          if (status === undefined || left === '0') response.end(`the end of ${request.url}`);
          else response.writeHead(Number(status), { location: `/${status}/${Number(left) - 1}`, 'x-hop': left }).end('moved');
        });
      }),
    );
    return { ...target, seen };
  }

  it('are followed to the end; the trace has the last answer, and the begin of the first request', async () => {
    const { address, seen } = await startChain();
    const answer = await sender({ scheme: 'http', maxRedirects: 3 }).ask(address, { path: '/302/3' });
    expect(answer).toMatchObject({ status: 200, error: null, body: Buffer.from('the end of /302/0'), bytes: 17 });
    expect(headersOf(answer)).not.toHaveProperty('x-hop');
    expect(seen).toEqual(['GET /302/3', 'GET /302/2', 'GET /302/1', 'GET /302/0']);
    const times = [answer.connected!, answer.sent, answer.firstByte!, answer.done];
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  it('go over the connection that is there', async () => {
    const target = await startChain();
    await sender({ scheme: 'http', maxRedirects: 5 }).ask(target.address, { path: '/307/5' });
    expect(target.sockets.size).toBe(1);
  });

  it('may be relative to where they come from', async () => {
    const seen: string[] = [];
    const target = own(
      await startHttp((request, response) => {
        seen.push(request.url!);
        if (request.url === '/a/b?c') response.writeHead(302, { location: 'd' }).end();
        else response.end();
      }),
    );
    await sender({ scheme: 'http', maxRedirects: 1 }).ask(target.address, { path: '/a/b?c' });
    expect(seen).toEqual(['/a/b?c', '/a/d']);
  });

  it('make a GET of a POST, or do not, as their status says', async () => {
    const { address, seen } = await startChain();
    const { ask } = sender({ scheme: 'http', maxRedirects: 3 });
    const body = Buffer.from('body');
    await ask(address, { method: 'POST', path: '/303/1', body });
    await ask(address, { method: 'POST', path: '/308/1', body });
    expect(seen).toEqual(['POST /303/1 body', 'GET /303/0', 'POST /308/1 body', 'POST /308/0 body']);
  });

  it('beyond the limit are an error, as is a loop; without a limit they are answers', async () => {
    const { address, seen } = await startChain();
    expect(await sender({ scheme: 'http', maxRedirects: 2 }).ask(address, { path: '/302/3' })).toMatchObject({
      status: -1,
      error: 'redirects',
    });
    expect(seen).toHaveLength(3);
    expect(await sender({ scheme: 'http' }).ask(address, { path: '/302/3' })).toMatchObject({ status: 302, error: null });
    const loop = own(await startHttp((_request, response) => response.writeHead(301, { location: '/' }).end()));
    expect(await sender({ scheme: 'http', maxRedirects: 10 }).ask(loop.address)).toMatchObject({ error: 'redirects' });
  });

  it('that lead nowhere are an error', async () => {
    const target = own(await startHttp((_request, response) => response.writeHead(302, { location: 'ftp://a/' }).end()));
    expect(await sender({ scheme: 'http', maxRedirects: 2 }).ask(target.address)).toMatchObject({ error: 'redirects' });
  });

  it('without a location are answers', async () => {
    const target = own(await startHttp((_request, response) => response.writeHead(302).end('here')));
    const answer = await sender({ scheme: 'http', maxRedirects: 2 }).ask(target.address);
    expect(answer).toMatchObject({ status: 302, error: null, body: Buffer.from('here') });
  });

  it('may lead from http to https, where credentials do not go', async () => {
    const credentials: (string | undefined)[] = [];
    const secure = own(
      await startHttps(files.server, (request, response) => {
        credentials.push(request.headers.authorization);
        response.end('secure');
      }),
    );
    const target = own(
      await startHttp((_request, response) => response.writeHead(302, { location: `https://${secure.address}/` }).end()),
    );
    const { ask } = sender({ scheme: 'http', maxRedirects: 1, tls: { ca } });
    const answer = await ask(target.address, { headers: { Authorization: 'Basic x' } });
    expect(answer).toMatchObject({ status: 200, body: Buffer.from('secure') });
    expect(credentials).toEqual([undefined]);
  });

  it('have one time-out together', async () => {
    const held: (() => void)[] = [];
    const target = own(
      await startHttp((request, response) => {
        if (request.url === '/') response.writeHead(302, { location: '/slow' }).end();
        else held.push(() => response.end());
      }),
    );
    const answer = await sender({ scheme: 'http', maxRedirects: 1 }).ask(target.address, { timeout: 0.3 });
    expect(answer).toMatchObject({ status: -1, error: 'timeout', firstByte: null });
    expect(held).toHaveLength(1);
  });
});

describe('cookies', () => {
  async function startCookies(set: Record<string, string[]>) {
    const sent: string[] = [];
    const target = own(
      await startHttp((request, response) => {
        sent.push(`${request.url} ${request.headers.cookie ?? ''}`.trim());
        response.writeHead(request.url!.startsWith('/go') ? 302 : 200, {
          ...(set[request.url!] && { 'set-cookie': set[request.url!] }),
          ...(request.url!.startsWith('/go') && { location: '/' }),
        });
        response.end();
      }),
    );
    return { address: target.address, sent };
  }

  it('are sent back where they belong, until they end', async () => {
    const { address, sent } = await startCookies({
      '/set': ['a=1; Path=/', 'b=2; Path=/below', 'c=3; Secure', 'd=4; Domain=example.org', 'e=5; Max-Age=0', 'nonsense'],
      '/end': ['a=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT'],
    });
    const { ask } = sender({ scheme: 'http', cookies: true });
    for (const path of ['/', '/set', '/', '/below/x', '/end', '/']) await ask(address, { path });
    expect(sent).toEqual(['/', '/set', '/ a=1', '/below/x b=2; a=1', '/end a=1', '/']);
  });

  it('that are Secure go over TLS, and come after those of the request', async () => {
    const cookies: (string | undefined)[] = [];
    const target = own(
      await startHttps(files.server, (request, response) => {
        cookies.push(request.headers.cookie);
        response.writeHead(200, { 'set-cookie': 'c=3; Secure; HttpOnly' }).end();
      }),
    );
    const { ask } = sender({ cookies: true });
    await ask(target.address);
    await ask(target.address, { headers: { Cookie: 'own=1' } });
    expect(cookies).toEqual([undefined, 'own=1; c=3']);
  });

  it('are kept on the way through redirects', async () => {
    const { address, sent } = await startCookies({ '/go': ['a=1; Path=/'] });
    await sender({ scheme: 'http', cookies: true, maxRedirects: 1 }).ask(address, { path: '/go' });
    expect(sent).toEqual(['/go', '/ a=1']);
  });

  it('are those of a session', async () => {
    const { address, sent } = await startCookies({ '/set': ['a=1'] });
    const { ask, send, of } = sender({ scheme: 'http', cookies: true });
    await ask(address, { path: '/set' });
    await ask(address, { session: {} });
    await ask(address);
    expect(sent).toEqual(['/set', '/', '/ a=1']);
    const { session: _, ...sessionless } = of({});
    expect(() => send(address, sessionless, nobody)).toThrow('of no session');
  });

  it('are not kept unless that is asked for', async () => {
    const { address, sent } = await startCookies({ '/set': ['a=1'] });
    const { ask } = sender({ scheme: 'http', maxRedirects: 1 });
    await ask(address, { path: '/set' });
    await ask(address);
    expect(sent).toEqual(['/set', '/']);
  });
});

describe('a proxy', () => {
  const basic = `Basic ${Buffer.from('us er:p@ss').toString('base64')}`;

  it('forwards requests of http', async () => {
    const target = own(await startHttp((request, response) => response.end(`${request.headers.host} ${request.url}`)));
    const proxy = own(await startProxy());
    const { ask } = sender({ scheme: 'http', proxy: `http://us%20er:p%40ss@${proxy.address}` });
    const answer = await ask(target.address, { path: '/x?y=1' });
    expect(answer).toMatchObject({ status: 200, body: Buffer.from(`${target.address} /x?y=1`) });
    expect(proxy.asked).toEqual([[`GET http://${target.address}/x?y=1`, basic]]);
  });

  it.each([false, true])('tunnels those of https, HTTP/2: %s', async http2 => {
    const seen: (string | undefined)[] = [];
    const handler: Parameters<typeof startHttps>[1] = (request, response) => {
      seen.push(request.headers['proxy-authorization']);
      response.end('through');
    };
    const target = own(await (http2 ? startHttp2 : startHttps)(files.server, handler));
    const proxy = own(await startProxy());
    const { ask } = sender({ http2, proxy: `http://us%20er:p%40ss@${proxy.address}` });
    const answers = [await ask(target.address), await ask(target.address)];
    for (const answer of answers) expect(answer).toMatchObject({ status: 200, error: null, body: Buffer.from('through') });
    expect(answers.map(({ connected }) => connected !== null)).toEqual([true, false]);
    expect(proxy.asked).toEqual([[`CONNECT ${target.address}`, basic]]);
    expect(seen).toEqual([undefined, undefined]);
  });

  it('that refuses a tunnel is the error proxy, one that is not there refused', async () => {
    const proxy = own(await startProxy(407));
    expect(await sender({ proxy: `http://${proxy.address}` }).ask('127.0.0.1:1')).toMatchObject({
      ...{ status: -1, error: 'proxy', sent: -1 },
    });
    const port = await freePort();
    expect(await sender({ proxy: `http://127.0.0.1:${port}` }).ask('127.0.0.1:1')).toMatchObject({ error: 'refused' });
    expect(await sender({ scheme: 'http', proxy: `http://127.0.0.1:${port}` }).ask('127.0.0.1:1')).toMatchObject({
      error: 'refused',
    });
  });

  it('that does not answer is a time-out', async () => {
    const silent = own(await listening(createTcpServer(socket => socket.resume())));
    const answer = await sender({ proxy: `http://${silent.address}` }).ask('127.0.0.1:1', { timeout: 0.2 });
    expect(answer).toMatchObject({ status: -1, error: 'timeout', sent: -1 });
    await until('the connection to the proxy to be ended', () => silent.sockets.size === 0);
  });
});

describe('a request that fails', () => {
  const cases: readonly [kind: string, onConnection: (socket: Socket) => void][] = [
    ['closed', socket => socket.once('data', () => socket.end())],
    ['reset', socket => socket.once('data', () => socket.resetAndDestroy())],
    ['timeout', () => {}],
    ['protocol', socket => socket.once('data', () => socket.write('SSH-2.0-OpenSSH\r\n'))],
    ['closed', socket => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart'))],
    ['timeout', socket => socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart'))],
  ];
  it.each(cases)('is %s', async (kind, onConnection) => {
    const target = own(await listening(createTcpServer(onConnection)));
    const timeout = kind === 'timeout' ? 0.2 : 10;
    const answer = await sender({ scheme: 'http', cookies: true }).ask(target.address, { timeout });
    expect(answer).toMatchObject({ status: -1, error: kind, body: null });
    expect(answer.sent).toBeGreaterThan(0);
  });

  it('is closed when a TLS server ends in the middle of a body', async () => {
    const target = own(
      await startHttps(files.server, (request, response) => {
        response.writeHead(200, { 'content-length': '9' }).write('part', () => request.socket.end());
      }),
    );
    expect(await sender().ask(target.address)).toMatchObject({ status: -1, error: 'closed', bytes: 4 });
  });

  it('is refused where nobody listens, and dns where there is no such host; it was never sent', async () => {
    const { ask } = sender();
    const failed = { status: -1, sent: -1, connected: null, firstByte: null, bytes: null };
    const port = await freePort();
    expect(await Promise.all(Array.from({ length: 20 }, () => ask(`127.0.0.1:${port}`)))).toMatchObject(
      new Array(20).fill({ ...failed, error: 'refused' }),
    );
    expect(await ask('no-such-host.invalid:443', { timeout: 20 })).toMatchObject({ ...failed, error: 'dns' });
  });

  it('is a time-out when the server never finishes the handshake, and its connection is ended', async () => {
    const silent = own(await listening(createTcpServer(socket => socket.resume())));
    expect(await sender().ask(silent.address, { timeout: 0.2 })).toMatchObject({ error: 'timeout', sent: -1 });
    await until('the connection to be ended', () => silent.sockets.size === 0);
  });

  it('is a time-out of a part of it that takes too long', async () => {
    const silent = own(await listening(createTcpServer(socket => socket.resume())));
    const { ask } = sender();
    expect(await ask(silent.address, { connectTimeout: 0.1 })).toMatchObject({ error: 'connect timeout', sent: -1 });
    const paths: string[] = [];
    const slow = own(
      await startHttps(files.server, (request, response) => {
        paths.push(request.url!);
        if (request.url === '/moved') response.writeHead(302, { location: '/held' }).end();
        else if (request.url === '/part') response.writeHead(200, { 'content-length': '9' }).write('part');
      }),
    );
    const hasty = sender({ maxRedirects: 1 });
    const parts = { connectTimeout: 5, firstByteTimeout: 0.2 };
    const late = { status: -1, error: 'first byte timeout', firstByte: null };
    expect(await hasty.ask(slow.address, { path: '/held', ...parts })).toMatchObject(late);
    expect(await hasty.ask(slow.address, { path: '/moved', ...parts })).toMatchObject(late);
    // The rest is a matter of the whole.
    expect(await hasty.ask(slow.address, { path: '/part', ...parts, timeout: 0.6 })).toMatchObject({
      error: 'timeout',
      bytes: 4,
    });
    expect(paths).toEqual(['/held', '/moved', '/held', '/part']);
  });

  it('is given up at once, waiting, sent or half answered, and told once', async () => {
    const arrived: Socket[] = [];
    const target = own(
      await startHttps(files.server, (request, response) => {
        arrived.push(request.socket);
        response.writeHead(200, { 'content-length': '9' }).write('part');
      }),
    );
    const { send, of } = sender({}, { connections: 1 });
    const answers: Answer[] = [];
    const reply = { answered: (answer: Answer) => void answers.push(answer) };
    const sendings = [1, 2].map(() => send(target.address, of({}), reply));
    await until('the request to arrive', () => arrived.length > 0);
    for (const sending of sendings) sending.giveUp('cancelled');
    for (const sending of sendings) sending.giveUp('again');
    expect(answers.map(({ status, error, sent }) => [status, error, sent > 0])).toEqual([
      [-1, 'cancelled', true],
      [-1, 'cancelled', false],
    ]);
    await until('the connection to be closed', () => arrived[0]!.destroyed);
    // The one that waited was never sent; another one is.
    const next = send(target.address, of({}), nobody);
    await until('the next request to arrive', () => arrived.length === 2);
    next.giveUp('cancelled');
    expect(answers).toHaveLength(2);
  });
});

describe('a body', () => {
  it('is counted whole and kept to the limit', async () => {
    const target = own(await startHttps(files.server, (_request, response) => response.end('x'.repeat(3_000_000))));
    const answer = await sender({}, { keepBody: 1000 }).ask(target.address);
    expect([answer.bytes, answer.body?.toString()]).toEqual([3_000_000, 'x'.repeat(1000)]);
    expect(await sender({}, { keepBody: 0, keepHeaders: false }).ask(target.address)).toMatchObject({
      ...{ status: 200, body: null, headers: null, bytes: 3_000_000 },
    });
  });

  it('is none for HEAD, and one without a length is whole', async () => {
    const target = own(
      await startHttps(files.server, (_request, response) => {
        response.write('a');
        response.end('b');
      }),
    );
    const { ask } = sender();
    expect(await ask(target.address, { method: 'HEAD' })).toMatchObject({ status: 200, bytes: 0 });
    expect(await ask(target.address)).toMatchObject({ status: 200, body: Buffer.from('ab') });
  });
});

describe('connections', () => {
  it.each([false, true])('carry 200 requests at a time, each answered once, HTTP/2: %s', async http2 => {
    const seen = new Set<string>();
    const start = http2 ? startHttp2 : startHttps;
    const target = own(
      await start(files.server, (request, response) => {
        seen.add(request.url!);
        response.end(request.url);
      }),
    );
    const { send, of } = sender({ http2 }, { connections: 20 });
    const answers = new Map<number, Answer[]>();
    for (let i = 0; i < 200; i += 1) {
      const ofOne: Answer[] = [];
      answers.set(i, ofOne);
      send(target.address, of({ path: `/${i}` }), { answered: answer => void ofOne.push(answer) });
    }
    await until('all answers', () => [...answers.values()].every(({ length }) => length > 0));
    for (const [i, ofOne] of answers) {
      expect(ofOne).toHaveLength(1);
      expect(ofOne[0]).toMatchObject({ status: 200, error: null, body: Buffer.from(`/${i}`) });
    }
    expect(seen.size).toBe(200);
    expect(target.opened).toBeLessThanOrEqual(20);
  });

  it.each([false, true])('are opened ahead without a request, HTTP/2: %s', async http2 => {
    let requests = 0;
    const start = http2 ? startHttp2 : startHttps;
    const target = own(
      await start(files.server, (_request, response) => {
        requests += 1;
        response.end();
      }),
    );
    const { prepare, ask, of } = sender({ http2 });
    prepare(target.address, of({}));
    const socket = await until('a connection', () => [...target.sockets][0]);
    await until('the handshake', () => socket.bytesRead > 300);
    expect(requests).toBe(0);
    await new Promise(resolve => setImmediate(resolve));
    expect((await ask(target.address)).status).toBe(200);
    expect([requests, target.opened]).toEqual([1, 1]);
  });

  it('are new for each request that asks for one of its own, and end with its answer', async () => {
    const asked: (string | undefined)[] = [];
    const target = own(
      await startHttps(files.server, (request, response) => {
        asked.push(request.headers.connection);
        response.end();
      }),
    );
    const { ask, prepare, of } = sender();
    prepare(target.address, of({ connections: 'per-request' }));
    for (let i = 0; i < 3; i += 1) {
      const answer = await ask(target.address, { connections: 'per-request' });
      expect(answer).toMatchObject({ status: 200, connected: expect.any(Number) });
    }
    expect(asked).toEqual(['close', 'close', 'close']);
    expect(target.opened).toBe(3);
    await until('their end', () => target.sockets.size === 0);
  });

  it('opened ahead for hosts without a route are ended', async () => {
    const target = own(await startHttps(files.server, (_request, response) => response.end()));
    const { prepare, retain, of } = sender();
    prepare(target.address, of({}));
    const socket = await until('a connection', () => [...target.sockets][0]);
    await until('the handshake', () => socket.bytesRead > 300);
    retain!(new Set([target.address]));
    await until('its end', () => {
      retain!(new Set());
      return socket.destroyed;
    });
    expect(target.opened).toBe(1);
  });

  it('opened ahead that nobody needs end with the sender', async () => {
    const target = own(await startHttps(files.server, (_request, response) => response.end()));
    const { prepare, of, [Symbol.asyncDispose]: dispose } = sender();
    prepare(target.address, of({}));
    const socket = await until('a connection', () => [...target.sockets][0]);
    await dispose();
    await until('its end', () => socket.destroyed);
  });

  it('opened ahead that the server has ended cost no request', async () => {
    const target = own(await startHttps(files.server, (_request, response) => response.end()));
    const { prepare, ask, of } = sender();
    prepare(target.address, of({}));
    const socket = await until('a connection', () => [...target.sockets][0]);
    await until('the handshake', () => socket.bytesRead > 300);
    socket.end();
    await until('the end of it', () => target.sockets.size === 0);
    expect(await ask(target.address)).toMatchObject({ status: 200, error: null });
    expect(target.opened).toBe(2);
  });

  it('opened ahead that can not be had are reported, and nothing else happens', async () => {
    const { prepare, of, failures } = sender();
    prepare(`127.0.0.1:${await freePort()}`, of({}));
    await until('the report', () => failures.length === 1);
    expect(failures[0]).toMatch('ECONNREFUSED');
  });
});
