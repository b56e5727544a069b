/** Cases in which ours behaves unlike the recording, and why. */
export const exceptions: Record<string, string> = {
  '25-unknown-distribution': 'bug 3: the original client dies; ours refuses the workload and says that it is done',
  '27-zero-ia-crash': 'bug 3: the original client dies; ours sends as fast as its concurrency allows',
  '28-spawn-unknown-app': 'the original makes a client that never answers; ours refuses',
  '72-request-right-after-spawn': 'bug 1: the original loses the workload; ours has subscribed before it answers',
  '50-worker-sigkill': 'the clients of the original live on as orphans; of ours nothing is left, and nobody hears any call',
  '52-caching-router-worker': 'bug 10: after one failed look-up the original never finds a host again; ours does',
};
/** In them a workload ends that the recording never ended. */
export const endsMore = ['25-unknown-distribution', '27-zero-ia-crash', '72-request-right-after-spawn'];
export const refusesApps = ['28-spawn-unknown-app'];
/** Recorded while tracing was paused by the case before. */
export const paused = ['16-untraced-requests'];

/** Errors that Python itself makes of a wrong argument: ours are errors too, in words and class of their own. */
export const pythonsOwnWords = /^(CreateClientCommand\.__new__|'NoneType' object has no attribute|invalid literal for int)/;

/** Where a request of ours goes, `null` where there is no route. */
interface Destination {
  readonly server: string | null;
  readonly fails: boolean;
}

const to = (server: string | null): Destination => ({ server, fails: server === null || server.endsWith(':9') });
const [numeric, named, nowhere] = [to('127.0.0.1:8391'), to('localhost:8391'), to(null)];

/**
 * Where the requests of a case go in their order, if ours do not go where the recorded ones went: hosts with the weights 1:2,
 * one with 0.5 that counts as 0, the same with 1, none, and one where nobody listens.
 */
export function serversOf(name: string): readonly Destination[] | undefined {
  if (name !== '52-caching-router-worker') return undefined;
  const round = [named, numeric, named];
  return [nowhere, nowhere, ...round, ...round, nowhere, nowhere, numeric, numeric, nowhere, nowhere, to('127.0.0.1:9')];
}
