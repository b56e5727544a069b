import type { GrpcSpec } from '../requests/request-spec.ts';
import { SourceError } from '../requests/source-errors.ts';
import type { OutgoingRequest } from '../sender.ts';
import { describedMethod } from './descriptors.ts';
import { DescriptorError } from './linking.ts';
import { reflectedDescriptors } from './reflection.ts';

/** What a call sends, and how its answers read. */
interface DescribedCall {
  readonly message: Buffer;
  readonly textOf: OutgoingRequest['textOf'];
}

/**
 * Encodes the message of a call, by its descriptors or by what the host tells of itself.
 * @throws SourceError if the host lacks the method, or the message does not fit it; MissedRequest if it can't be asked now
 */
export async function describeCall(spec: GrpcSpec, host: string): Promise<DescribedCall> {
  const { method, message, metadata, timeout } = spec;
  const ask = () => reflectedDescriptors({ host, service: method.split('/')[0]!, metadata, timeout });
  try {
    const { encode, decode } = describedMethod(spec.descriptors ?? (await ask()), method);
    return { message: encode(message), textOf: decode };
  } catch (error) {
    if (error instanceof DescriptorError) throw new SourceError(`${method} of ${host}: ${error.message}`, { cause: error });
    throw error;
  }
}
