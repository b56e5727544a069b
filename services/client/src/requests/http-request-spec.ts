import type { HttpRequest } from '@galileo/proto/client';
import { outgoingRequest } from './outgoing-request.ts';
import { RequestError } from './request-error.ts';
import type { RequestSpec } from './request-spec.ts';

/**
 * What `count` clients send that are created with this request.
 * @throws (rejects with) RequestError at the first field that does not fit.
 */
export async function httpRequestSpec(request: HttpRequest | undefined, count: number): Promise<RequestSpec> {
  if (request?.templated) {
    // Few workers fill in templates.
    const { templateSpec } = await import('./template-spec.ts');
    return { kind: 'template', template: templateSpec(request, count) };
  }
  if (request?.rows !== undefined) throw new RequestError('rows', 'rows of a literal request', 'none, or `templated`');
  return { kind: 'constant', request: outgoingRequest(request) };
}
