// A client app: its `nextRequest` makes each request of each client. ../../digits.yaml runs it.

interface Context {
  /** What the experiment file says below `app`. */
  readonly parameters: { readonly few?: number; readonly many?: number; readonly share?: number };
  /** Number of this request of this client, from 1. */
  readonly counter: number;
  /** Uniform in [0, 1), the same for the same seed of the experiment, client and counter. */
  random(): number;
}

/** Few digits, or many of them in a share of the requests. */
export function nextRequest({ parameters, counter, random }: Context) {
  const { few = 100, many = 1000, share = 0.1 } = parameters;
  const n = random() < share ? many : few;
  return { path: '/function/pi/digits', query: { n }, headers: { 'X-Counter': counter } };
}
