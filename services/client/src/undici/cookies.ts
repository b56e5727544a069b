import { CookieJar } from 'tough-cookie';

/** The cookies of clients, each in a jar of its own that ends with the client's session (RFC 6265). */
export function createCookies() {
  const jars = new WeakMap<object, CookieJar>();

  function jarOf(session: object): CookieJar {
    let jar = jars.get(session);
    if (jar === undefined) {
      // What is Secure goes over TLS alone, on this machine as elsewhere.
      jar = new CookieJar(undefined, { allowSecureOnLocal: false });
      jars.set(session, jar);
    }
    return jar;
  }

  return {
    /** What a client sends to a URL; empty for nothing. */
    sent: (session: object, url: URL): string => jarOf(session).getCookieStringSync(url.href),
    /** Keeps what an answer has set. What a server may not set is ignored, as in a browser. */
    keep(session: object, url: URL, fields: Iterable<readonly [name: string, value: string]>): void {
      for (const [name, value] of fields) {
        if (name.toLowerCase() === 'set-cookie') jarOf(session).setCookieSync(value, url.href, { ignoreError: true });
      }
    },
  };
}

export type Cookies = ReturnType<typeof createCookies>;
