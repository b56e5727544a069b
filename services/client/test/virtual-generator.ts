import { splitHeaders, type Trace } from '@galileo/wire';
import { type Arrival, createSchedule } from '@galileo/workload';
import { createGenerator, type GeneratorOptions } from '../src/generator.ts';
import type { RequestSpec } from '../src/requests/request-spec.ts';
import { createRouter } from '../src/router.ts';
import { type Answer, type OutgoingRequest, unsent } from '../src/sender.ts';
import { traceOf } from '../src/trace.ts';
import { virtualTime } from './virtual-time.ts';

/** Now at the begin, UNIX seconds. */
export const start = 1_700_000_000;
export const request: OutgoingRequest = { method: 'GET', path: '/', headers: {}, body: undefined, timeout: 60 };
export const everySecond: Arrival = { kind: 'distribution', name: 'constant', parameters: [1], requests: 5 };
export const route = { service: 'pi', hosts: ['a:1'], weights: [1] };

/** A generator in virtual time, and the requests that it has sent, to be answered by the test. */
export function setUp(options: Partial<GeneratorOptions> = {}) {
  const loop = virtualTime(start);
  const traces: Trace[] = [];
  const errors: unknown[] = [];
  const prepared: string[] = [];
  const waiting: { host: string; answer: (status: number) => void }[] = [];
  const generator = createGenerator({
    worker: 'w',
    time: loop.time,
    sender: {
      send(host, _request, reply) {
        const sent = loop.time.now();
        const answer = (fields: Partial<Answer>) =>
          reply.answered({ ...unsent(loop.time.now(), 'x'), sent, error: null, ...fields });
        waiting.push({ host, answer: status => answer({ status }) });
        return { giveUp: kind => answer({ error: kind }) };
      },
      prepare: host => prepared.push(host),
      async [Symbol.asyncDispose]() {},
    },
    router: createRouter('CachingSymmetryHostRouter', { host: 'localhost', prefix: '' }),
    maxInFlight: 1000,
    openLog: () => ({ issued() {}, ended: (request, answer) => traces.push(traceOf(request, answer)) }),
    onError: error => errors.push(error),
    ...options,
  });
  generator.setRoutes([route]);
  let numbered = 0;
  const create = (count: number, spec: RequestSpec = { kind: 'constant', request }) => {
    const identities = Array.from({ length: count }, () => {
      const n = numbered++;
      return { id: `w:pi:${n}`, n, service: 'pi', token: n.toString(16).padStart(16, '0') };
    });
    return generator.create('pi', spec, identities);
  };
  const [client] = create(1);
  const begin = (arrival: Arrival = everySecond, at = start) =>
    generator.start(client!, createSchedule({ arrival, seed: 1 }), at);
  const answerAll = () => {
    for (const { answer } of waiting.splice(0)) answer(200);
  };
  return { ...loop, generator, create, client: client!, begin, traces, errors, prepared, waiting, answerAll };
}

/** Kind of error of a trace. */
export const kindOf = (trace: Trace) => splitHeaders(trace.headers).details.error;
/** Counters of the requests that traces are of. */
export const counters = (traces: readonly Trace[]) => traces.map(trace => Number(trace.requestId.split(':')[1]));
