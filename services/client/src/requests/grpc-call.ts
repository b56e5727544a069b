import type { GrpcCall } from '@galileo/proto/client';
import type { GrpcSpec } from './request-spec.ts';

const defaultTimeout = 60;
const longestTimeout = 86_400;
const identifier = '[A-Za-z_]\\w*';
const methodPattern = new RegExp(`^/?(${identifier}(?:\\.${identifier})*/${identifier})$`);
const metadataName = /^[0-9a-z_.-]+$/;
const metadataValue = /^[ -~]*$/;
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;

/** Names that belong to the connection or to gRPC. */
const reserved = ['te', 'content-type', 'content-length', 'connection', 'host', 'transfer-encoding', 'keep-alive', 'upgrade'];

/** A call that can't be made; the message names the field, what was found and what is allowed. */
export class GrpcCallError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(`grpc.${message}`, options);
    this.name = 'GrpcCallError';
  }
}

function refused(field: string, found: unknown, allowed: string): GrpcCallError {
  return new GrpcCallError(`${field}: found ${JSON.stringify(found)}; allowed: ${allowed}`);
}

function checkMetadata(name: string, value: string): void {
  if (!metadataName.test(name) || name.startsWith('grpc-') || reserved.includes(name)) {
    const allowed = `a name of lower-case letters, digits, _, . and - that neither begins with grpc- nor is one of ${reserved.join(', ')}`;
    throw refused('metadata', name, allowed);
  }
  const binary = name.endsWith('-bin');
  if (binary ? base64.test(value) : metadataValue.test(value)) return;
  // The value may be a secret.
  throw refused('metadata', name, binary ? 'a value in base64, as its name ends in -bin' : 'a value of visible ASCII');
}

function checkJson(message: string): void {
  let value: unknown;
  try {
    value = JSON.parse(message);
  } catch (error) {
    throw refused('message_json', (error as Error).message, 'JSON');
  }
  if (value === null) throw refused('message_json', value, 'a message as JSON');
}

/** Descriptors that .proto files make, with the method and a fitting message. Their code is loaded by those alone who need it. */
async function checkedDescriptors(proto: GrpcCall['proto'], { method, message }: GrpcSpec): Promise<Uint8Array> {
  const { readProtoFiles } = await import('../grpc-target/proto-files.ts');
  const { describedMethod } = await import('../grpc-target/descriptors.ts');
  const { DescriptorError } = await import('../grpc-target/linking.ts');
  try {
    const descriptors = readProtoFiles(proto);
    describedMethod(descriptors, method).encode(message);
    return descriptors;
  } catch (error) {
    if (error instanceof DescriptorError) throw new GrpcCallError(error.message, { cause: error });
    throw error;
  }
}

/**
 * Checks a call and fills in what was left out; with .proto files also that the method is there and the message fits it.
 * @throws (rejects with) GrpcCallError at the first field that does not fit.
 */
export async function grpcSpec(call: GrpcCall): Promise<GrpcSpec> {
  const [, method] = methodPattern.exec(call.method) ?? [];
  if (method === undefined) throw refused('method', call.method, 'package.Service/Method');
  const message = call.messageJson || '{}';
  checkJson(message);
  for (const [name, value] of Object.entries(call.metadata)) checkMetadata(name, value);
  const timeout = call.timeout || defaultTimeout;
  if (!(timeout > 0 && timeout <= longestTimeout)) {
    throw refused('timeout', timeout, `seconds above 0 and up to ${longestTimeout}, or 0 for ${defaultTimeout}`);
  }
  const spec: GrpcSpec = { kind: 'grpc', method, message, metadata: call.metadata, timeout, descriptors: undefined };
  if (Object.keys(call.proto).length === 0) return spec;
  return { ...spec, descriptors: await checkedDescriptors(call.proto, spec) };
}
