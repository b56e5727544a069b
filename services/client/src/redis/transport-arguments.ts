import { HttpOptions } from '@galileo/proto/client';
import { isPyObject, type PyJson, type PyObject, plainJson } from '@galileo/wire';
import { RequestError } from '../requests/request-error.ts';

/** Keyword arguments of Python's `requests.request` that say how a request gets to its target. */
export const transportArguments = ['allow_redirects', 'cookies', 'proxies', 'verify'];

/** As many as `requests` follows. */
const followedRedirects = 30;

const cookieName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const cookieValue = /^[^;\p{Cc}]*$/u;

function truth(field: string, value: PyJson | undefined): boolean | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'boolean') throw new RequestError(field, plainJson(value), 'true, false');
  return value;
}

function texts(field: string, value: PyJson | undefined): [name: string, value: string][] {
  if (value === undefined || value === null) return [];
  // What proxies and cookies hold may be secret.
  if (!isPyObject(value)) throw new RequestError(field, Array.isArray(value) ? 'a list' : typeof value, 'an object of texts');
  return Object.entries(value).map(([name, item]) => {
    if (typeof item !== 'string') throw new RequestError(`${field}[${JSON.stringify(name)}]`, 'no text', 'text');
    return [name, item];
  });
}

/** The one proxy of a request of `http`; `https` may be named too if it is the same. */
function proxyOf(proxies: PyJson | undefined): string {
  const allowed = 'a proxy for http, all, or the same one for several of http, https, all';
  const given = texts('kwargs.proxies', proxies);
  for (const [name] of given) {
    if (!['http', 'https', 'all'].includes(name)) throw new RequestError('kwargs.proxies', name, allowed);
  }
  const [first, ...others] = new Set(given.map(([, address]) => (address.includes('://') ? address : `http://${address}`)));
  if (first === undefined) return '';
  if (others.length > 0) throw new RequestError('kwargs.proxies', 'several proxies', allowed);
  if (!given.some(([name]) => name !== 'https')) throw new RequestError('kwargs.proxies', 'https alone', allowed);
  return first;
}

/** What the arguments ask for beyond HTTP/1.1 over plain TCP. @throws RequestError that names the argument, if it does not fit. */
export function optionsOf(kwargs: PyObject): HttpOptions {
  const follows = truth('kwargs.allow_redirects', kwargs['allow_redirects']) ?? false;
  const verifies = truth('kwargs.verify', kwargs['verify']) ?? true;
  return HttpOptions.fromPartial({
    maxRedirects: follows ? followedRedirects : 0,
    // Only a redirect leads to a server that has a certificate.
    ...(follows && !verifies && { tls: { insecure: true } }),
    proxy: proxyOf(kwargs['proxies']),
  });
}

/** The field `Cookie`; empty for none. The cookies go with every request; those that answers set are not kept. */
export function cookieField(cookies: PyJson | undefined): string {
  return texts('kwargs.cookies', cookies)
    .map(([name, value]) => {
      if (!cookieName.test(name)) throw new RequestError('kwargs.cookies', name, 'names of cookies');
      if (!cookieValue.test(value)) {
        throw new RequestError(
          `kwargs.cookies["${name}"]`,
          `${value.length} characters`,
          'text without ; and control characters',
        );
      }
      return `${name}=${value}`;
    })
    .join('; ');
}
