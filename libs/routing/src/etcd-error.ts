import type { EtcdSettings } from './etcd-settings.ts';

/**
 * What is wrong: nobody answers; the login of a session is over and a new one helps; user and password don't fit; TLS doesn't
 * fit; etcd says no.
 */
export type EtcdProblem = 'unreachable' | 'session' | 'login' | 'tls' | 'refused';

/** etcd can't be used. The message names the endpoint and what can be done about it, never a password. */
export class EtcdError extends Error {
  override readonly name = 'EtcdError';
  /** HOST:PORT. */
  readonly endpoint: string;
  readonly problem: EtcdProblem;
  /** The message without the endpoint. */
  readonly reason: string;
  constructor(endpoint: string, problem: EtcdProblem, reason: string, cause: unknown) {
    super(`etcd at ${endpoint}: ${reason}`, { cause });
    this.endpoint = endpoint;
    this.problem = problem;
    this.reason = reason;
  }
}

const login = 'galileo_etcd_username and galileo_etcd_password';
const files = 'galileo_etcd_tls_ca, galileo_etcd_tls_cert and galileo_etcd_tls_key';

interface Meaning {
  readonly says: RegExp;
  readonly problem: EtcdProblem;
  readonly reason: string | ((settings: EtcdSettings) => string);
}

const userOf = ({ username }: EtcdSettings) => JSON.stringify(username);

/** What messages of etcd (3.4 to 3.6), grpc-js, Node and OpenSSL mean; the first that fits counts. */
const meanings: readonly Meaning[] = [
  {
    says: /the login is over|invalid auth token|revision of auth store is old/,
    problem: 'session',
    reason: 'the login is no longer valid',
  },
  {
    says: /authentication failed, invalid user/,
    problem: 'login',
    reason: settings => `it refuses the password of user ${userOf(settings)}: check ${login}`,
  },
  { says: /user name is empty/, problem: 'login', reason: `it asks for a user and a password: set ${login}` },
  {
    says: /authentication is not enabled/,
    problem: 'login',
    reason: settings => `its authentication is off, but there is a user, ${userOf(settings)}: unset ${login}`,
  },
  {
    says: /permission denied/,
    problem: 'login',
    // Without a user etcd takes the name in the client's certificate for one, if it asks for certificates.
    reason: settings =>
      settings.username === undefined
        ? `the user that the client's certificate names may not use these keys: set ${login}`
        : `user ${userOf(settings)} may not use these keys; it needs read and write on golb/function/`,
  },
  {
    says: /no start line|PEM routines|key values mismatch|ASN1|bad decrypt/i,
    problem: 'tls',
    reason: `${files} are no PEM certificates and key that belong together`,
  },
  { says: /certificate (has expired|is not yet valid)/, problem: 'tls', reason: 'its certificate is not valid at this time' },
  {
    says: /unable to (verify|get)|self.signed certificate/,
    problem: 'tls',
    reason: 'its certificate is not signed by the authority in galileo_etcd_tls_ca',
  },
  {
    says: /altnames|ALTNAME_INVALID/,
    problem: 'tls',
    reason: 'its certificate is for other hosts than the one it is reached at',
  },
  {
    says: /alert (bad certificate|certificate required|unknown ca|certificate unknown|certificate expired|handshake failure)/,
    problem: 'tls',
    reason: "it doesn't accept the client's certificate: check galileo_etcd_tls_cert and galileo_etcd_tls_key",
  },
  { says: /wrong version number|packet length too long/, problem: 'tls', reason: `it doesn't speak TLS: unset ${files}` },
  { says: /ECONNREFUSED/, problem: 'unreachable', reason: 'connection refused' },
  { says: /Name resolution failed/, problem: 'unreachable', reason: 'the host is not known' },
  { says: /deadline.exceeded/i, problem: 'unreachable', reason: 'no answer in time' },
  {
    // That only one side speaks TLS can't be told from a connection that breaks at once.
    says: /No connection established.*(Failed to connect|ECONNRESET|before secure TLS connection|socket hang up|EPIPE)/,
    problem: 'unreachable',
    reason: ({ tls }) =>
      tls === undefined
        ? 'the connection ended at once: if it speaks TLS, set galileo_etcd_tls_ca'
        : `the connection ended at once: perhaps it doesn't speak TLS (then unset ${files}) or doesn't accept the client's certificate`,
  },
  { says: /Protocol error|UNIMPLEMENTED|HTTP status/, problem: 'refused', reason: 'this is no etcd, it seems' },
  { says: /Connection dropped|CANCELLED|stream ended/i, problem: 'unreachable', reason: 'the connection broke' },
];

/** A message without what grpc-js puts around it. */
const bare = (message: string) =>
  message
    .split('\n')[0]!
    .replace(/ ?\(\d{4}-[^)]*Z\)/, '')
    .replace(/\.? Resolution note: *$/, '')
    .replace(/^(\w+: )?\d+ /, '')
    .slice(0, 200);

/** Says in plain words what an error of etcd3, etcd or TLS means. */
export function etcdError(error: unknown, endpoint: string, settings: EtcdSettings): EtcdError {
  if (error instanceof EtcdError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const meaning = meanings.find(({ says }) => says.test(message));
  if (meaning === undefined) {
    const problem = /UNAVAILABLE|no leader/.test(message) ? 'unreachable' : 'refused';
    return new EtcdError(endpoint, problem, bare(message), error);
  }
  const { problem, reason } = meaning;
  return new EtcdError(endpoint, problem, typeof reason === 'string' ? reason : reason(settings), error);
}
