// A small application to put under test: digits of pi over HTTP, real work whose cost is set by ?n=.
//
//   GET /digits?n=200   the first n digits of pi as text
//   GET /healthz        200 as soon as it can work
//
// It listens on HOST:PORT of its environment and ends on SIGTERM. `node examples/apps/pi.ts` starts it; Node 22.19 or later.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const mostDigits = 10_000;

/**
 * The first `count` digits of pi, by the unbounded spigot of Jeremy Gibbons (Unbounded Spigot Algorithms for the Digits of
 * Pi, American Mathematical Monthly 113, 2006, section 6: Lambert's expression with linear fractional transformations).
 */
function digitsOfPi(count: number): string {
  let [q, r, t, k, digit, divisor] = [1n, 0n, 1n, 1n, 3n, 3n];
  let digits = '';
  while (digits.length < count) {
    if (4n * q + r - t < digit * t) {
      // The next digit is certain: give it out and take it off.
      digits += digit;
      const rest = 10n * (r - digit * t);
      digit = (10n * (3n * q + r)) / t - 10n * digit;
      q *= 10n;
      r = rest;
    } else {
      // Not certain yet: take in the next term of the series.
      const sum = (2n * q + r) * divisor;
      digit = (q * (7n * k + 2n) + r * divisor) / (t * divisor);
      q *= k;
      t *= divisor;
      divisor += 2n;
      k += 1n;
      r = sum;
    }
  }
  return count === 1 ? digits : `${digits[0]}.${digits.slice(1)}`;
}

/** Status and text of the answer to a path with query. */
function answer(target: string): [status: number, text: string] {
  const question = target.indexOf('?');
  const path = question < 0 ? target : target.slice(0, question);
  if (path === '/healthz') return [200, 'ok'];
  if (path !== '/digits') return [404, `nothing at ${path}; there are /digits?n=200 and /healthz`];
  const n = new URLSearchParams(question < 0 ? '' : target.slice(question)).get('n') ?? '';
  if (!/^\d{1,5}$/.test(n) || Number(n) < 1 || Number(n) > mostDigits) {
    return [400, `n is ${JSON.stringify(n)}; allowed: a whole number from 1 to ${mostDigits}`];
  }
  return [200, digitsOfPi(Number(n))];
}

const server = createServer((request, response) => {
  const [status, text] = answer(request.url ?? '/');
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
});
// A load balancer keeps connections for later. If they were closed here after 5 s, Node's default, a request could meet the end.
server.keepAliveTimeout = 65_000;

const { HOST = '127.0.0.1', PORT = '8080' } = process.env;
server.listen(Number(PORT), HOST, () => {
  const { address, port } = server.address() as AddressInfo;
  console.log(`pi listens on ${address}:${port}`);
});

process.on('SIGTERM', () => {
  // Takes no more connections, lets requests under way finish, and ends with the last of them.
  server.close();
  setTimeout(() => server.closeAllConnections(), 3000).unref();
});
