import type { IncomingMessage, ServerResponse } from 'node:http';
import { answer } from './answers.ts';
import type { Handler } from './client-connection.ts';
import { type ForwardContext, forward } from './forward.ts';
import type { Functions } from './functions.ts';
import { parseTarget } from './target.ts';

export interface BalanceOptions {
  /** `dummy` answers requests for functions itself. */
  readonly handler: 'wrr' | 'dummy';
  readonly zone: string;
  readonly functions: Functions;
  readonly forwarding: ForwardContext;
  /** Called for each request that the load balancer answers itself. */
  onOwnAnswer(): void;
}

/** What is wrong with the Host of a request (RFC 9112, 3.2); Node keeps the first of several. */
function hostProblem(request: IncomingMessage): string | undefined {
  const found = request.rawHeaders.filter((field, i) => i % 2 === 0 && field.toLowerCase() === 'host').length;
  if (found > 1) return `found ${found} Host fields; allowed: one`;
  return found === 0 && request.httpVersion === '1.1' ? 'found no Host field; allowed: one' : undefined;
}

/** A request to speak something else. That of HTTP/2 in the clear may be ignored (RFC 9110, 7.8), and is sent by many clients. */
const wantsUpgrade = ({ headers }: IncomingMessage) =>
  headers.upgrade !== undefined &&
  /(^|,)\s*upgrade\s*(,|$)/i.test(headers.connection ?? '') &&
  headers.upgrade.toLowerCase() !== 'h2c';

/** What the handler `dummy` says. */
function dummyAnswer(request: IncomingMessage): string {
  const [, authority, uri] = /^[a-z][a-z0-9+.-]*:\/\/([^/?]+)(.*)$/i.exec(request.url!) ?? [];
  return `Dummy response, URL: ${uri ?? request.url}, Host: ${authority ?? request.headers.host ?? ''}`;
}

/** Makes the handler of requests: reads the target, picks the replica, forwards, or answers itself. */
export function createBalancer(options: BalanceOptions): Handler {
  const { zone, functions, onOwnAnswer } = options;

  function own(response: ServerResponse, status: number, text: string, fields?: readonly string[]): undefined {
    onOwnAnswer();
    answer(response, status, text, fields);
  }

  function malformed(response: ServerResponse, reason: string): undefined {
    response.shouldKeepAlive = false;
    return own(response, 400, `${reason}\n`);
  }

  return (request, response) => {
    const problem = hostProblem(request);
    if (problem !== undefined) return malformed(response, problem);
    const target = parseTarget(request.method!, request.url!);
    if (target.kind === 'malformed') return malformed(response, target.reason);
    if (target.kind === 'redirect') return own(response, 301, '', ['Location', target.location]);
    if (target.kind === 'server') return own(response, 200, '');
    if (options.handler === 'dummy') return own(response, 200, dummyAnswer(request));
    const notFound = (reason: string) => own(response, 404, `error selecting server: ${reason} - in ${zone}`);
    if (target.kind === 'not-found') return notFound(target.reason);
    if (wantsUpgrade(request)) {
      return own(response, 501, `upgrade to ${JSON.stringify(request.headers.upgrade)} is not possible; allowed: HTTP/1.1\n`);
    }
    const replica = functions.pick(target.name);
    if (replica === 'unknown') return notFound(`no servers found for function: ${target.name}`);
    if (replica === 'weightless') {
      return own(response, 503, `no replica of function ${target.name} has a weight above 0 - in ${zone}\n`);
    }
    return forward(request, response, target.path, replica, options.forwarding);
  };
}
