import { createHistogram } from '@galileo/analysis';
import { createSchedule } from '@galileo/workload';
import { createGenerator } from './generator.ts';
import { createHttpSender } from './http/http-sender.ts';
import { startLocalServer } from './local-server.ts';
import type { PacerTime } from './pacer.ts';
import { outgoingRequest } from './requests/outgoing-request.ts';
import { createRouter } from './router.ts';
import type { TraceLog } from './traces/trace-log.ts';

/** Load of the rehearsal: clients, requests per second of each, and its length in seconds. */
const clients = 4;
const rate = 3000;
const duration = 0.5;
/** Seconds after which it is over, done or not: a slow machine does not get faster by it. */
const limit = 3;

const answer =
  'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\nok';

/**
 * Rehearses: a load of its own goes the whole way, from the schedule to the line of a trace, to a server of its own. Without it
 * the first requests of a load are late, because the code that they go through is not compiled yet (measured at 20,000 requests
 * per second: the first 50 ms of a load were late by up to 30 ms).
 * @param openTraces opens where the traces of it go
 * @returns how many requests were answered
 * @throws Error if nothing can be listened on.
 */
export async function warmUp(time: PacerTime, openTraces: () => Promise<TraceLog>): Promise<number> {
  await using traces = await openTraces();
  // It answers whatever comes, as fast as can be.
  await using target = await startLocalServer(socket => socket.on('data', () => socket.write(answer)));
  await using sender = createHttpSender({
    now: time.now,
    connections: 64,
    keepHeaders: true,
    keepBody: 1024,
    onIdleFailure() {},
  });
  let answered = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  const generator = createGenerator({
    worker: 'warm-up',
    time,
    sender,
    router: createRouter('SymmetryHostRouter', { host: target.address, prefix: '' }),
    maxInFlight: 1000,
    openLog(client) {
      const { issued, trace } = traces.openClient(client);
      return {
        issued,
        ended(request, reply) {
          trace(request, reply);
          if (reply.status === 200) answered++;
        },
      };
    },
    onError() {},
    onIdle: () => resolve(),
  });
  generator.setRoutes([{ service: 'warm-up', hosts: [target.address], weights: [1] }]);
  const timer = setTimeout(resolve, limit * 1000);
  generator.watch({ latency: createHistogram() });
  const identities = Array.from({ length: clients }, (_, n) => ({ id: `${n}`, n, service: 'warm-up', token: `${n}` }));
  const made = generator.create('warm-up', { kind: 'constant', request: outgoingRequest(undefined) }, identities);
  for (const [seed, client] of made.entries()) {
    const arrival = { kind: 'distribution', name: 'expovariate', parameters: [rate] } as const;
    generator.start(client, createSchedule({ arrival, seed, duration }), time.now());
  }
  await promise;
  clearTimeout(timer);
  // What watchers are sent: the first time takes twenty times as long as the others.
  generator.snapshot().releaseError.encode();
  generator.end();
  return answered;
}
