import { z } from 'zod';
import { mapping, span, text } from './fields.ts';
import type { ProtoFiles } from './proto-files.ts';
import type { RequestFiles } from './request-files.ts';

const identifier = '[A-Za-z_]\\w*';
const metadataName = text(
  'a name of lower-case letters, digits, dots, dashes and underscores that does not begin with grpc-',
  /^(?!grpc-|te$|content-type$)[0-9a-z_.-]+$/,
);

/** A call of gRPC, as it stands in `request`. */
export const grpcRequest = mapping({
  protocol: z.literal('grpc').describe('A unary call of gRPC over HTTP/2 without TLS, which goes to the replicas themselves'),
  method: text('package.Service/Method', new RegExp(`^${identifier}(\\.${identifier})*/${identifier}$`)).describe(
    'Method that is called, as package.Service/Method',
  ),
  message: z
    .record(z.string(), z.json(), { error: 'a mapping from the names of fields to values' })
    .prefault({})
    .describe("The message in protobuf's JSON form; whole numbers beyond 2^53 and bytes (base64) as text"),
  metadata: z
    .record(metadataName, text('visible ASCII in one line; base64 where the name ends in -bin', /^[ -~]*$/), {
      error: 'a mapping from names to text',
    })
    .prefault({})
    .describe('Metadata; the values of names that end in -bin are base64'),
  proto: text('the name of a file that ends in .proto', /^[^\0]*[^\0/]\.proto$/)
    .optional()
    .describe(
      'File that describes the method, relative to this file; what it imports lies beside it, google/protobuf/*.proto is known. ' +
        'Without it the replicas are asked (server reflection)',
    ),
  timeout: span(0.001).prefault('60s').describe('Time-out of the whole call'),
});

/** A unary call of gRPC. */
export interface GrpcRequestSpec {
  protocol: 'grpc';
  /** `package.Service/Method`. */
  method: string;
  /** The message as JSON. */
  message: string;
  metadata: Readonly<Record<string, string>>;
  /** None: the replicas are asked. */
  proto: ProtoFiles;
  timeout: number;
}

/** Makes the spec of a call; `files` are those that it names. */
export function grpcRequestSpec(request: z.output<typeof grpcRequest>, { protos }: RequestFiles): GrpcRequestSpec {
  const { message, proto, ...rest } = request;
  return { ...rest, message: JSON.stringify(message), proto: proto === undefined ? {} : protos.get(proto)! };
}
