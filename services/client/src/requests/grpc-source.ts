import type { OutgoingRequest } from '../sender.ts';
import type { GrpcSpec } from './request-spec.ts';

/** A spec's call of gRPC with its message as bytes; without them it is only what calls of this kind are like. */
function outgoing({ method, metadata, timeout }: GrpcSpec, message?: Buffer): OutgoingRequest {
  return { transport: 'grpc', method: 'POST', path: `/${method}`, headers: metadata, body: message, timeout };
}

/**
 * Makes calls of gRPC. Their message is encoded once: from the descriptors that the spec has, or from those that a host tells
 * of itself the first time that it is to be called. If it can't be asked then, that call is missed, and the next one asks again.
 * @param reaches do calls leave the worker? If not, nothing has to be known of them.
 */
export function openGrpcSource(spec: GrpcSpec, reaches: boolean) {
  const typical = outgoing(spec);
  const byHost = new Map<string, OutgoingRequest | Promise<OutgoingRequest>>();

  async function learn(host: string): Promise<OutgoingRequest> {
    // Not loaded before somebody calls gRPC: few do, and it takes megabytes.
    const { describeCall } = await import('../grpc-target/describe-call.ts');
    const { message, textOf } = await describeCall(spec, host);
    return { ...outgoing(spec, message), textOf };
  }

  function next(host: string): OutgoingRequest | Promise<OutgoingRequest> {
    const known = byHost.get(host);
    if (known !== undefined) return known;
    const learning = learn(host);
    byHost.set(host, learning);
    learning.then(
      request => byHost.set(host, request),
      () => byHost.delete(host),
    );
    return learning;
  }

  return {
    typical,
    next: (_counter: number, host: string) => (reaches ? next(host) : typical),
    prepare(host: string): void {
      if (reaches) next(host);
    },
    close(): void {},
  };
}
