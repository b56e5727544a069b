import {
  createFileRegistry,
  type DescMethod,
  type FileRegistry,
  fromBinary,
  fromJson,
  toBinary,
  toJson,
} from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { DescriptorError } from './linking.ts';

/** A method of a service, and what is known of its messages. */
export interface DescribedMethod {
  /** The bytes of a message given as JSON (https://protobuf.dev/programming-guides/json/). @throws DescriptorError */
  encode(json: string): Buffer;
  /** An answer as JSON in one line; null if these bytes are none. */
  decode(answer: Buffer): string | null;
}

function registryOf(descriptors: Uint8Array): FileRegistry {
  try {
    return createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptors));
  } catch (error) {
    throw new DescriptorError(`its descriptors do not fit together: ${(error as Error).message}`, { cause: error });
  }
}

function servicesOf(registry: FileRegistry): string[] {
  return [...registry].flatMap(type => (type.kind === 'service' ? [type.typeName] : []));
}

/** Finds `package.Service/Method`. @throws DescriptorError that tells what there is instead. */
function find(registry: FileRegistry, method: string): DescMethod {
  const [serviceName, methodName] = method.split('/') as [string, string];
  const service = registry.getService(serviceName);
  if (service === undefined) {
    const allowed = servicesOf(registry).join(', ');
    throw new DescriptorError(`method: found the service ${JSON.stringify(serviceName)}; allowed: ${allowed || 'none is there'}`);
  }
  const found = service.methods.find(({ name }) => name === methodName);
  if (found === undefined) {
    const allowed = service.methods.map(({ name }) => name).join(', ');
    throw new DescriptorError(
      `method: found ${JSON.stringify(methodName)} of ${serviceName}; allowed: ${allowed || 'it has none'}`,
    );
  }
  if (found.methodKind !== 'unary') {
    throw new DescriptorError(`method: found ${method}, whose messages are streams; allowed: a unary method`);
  }
  return found;
}

/** Finds a method (`package.Service/Method`) among descriptors, the bytes of a FileDescriptorSet. @throws DescriptorError */
export function describedMethod(descriptors: Uint8Array, method: string): DescribedMethod {
  const registry = registryOf(descriptors);
  const { input, output } = find(registry, method);
  return {
    encode(json) {
      try {
        return Buffer.from(toBinary(input, fromJson(input, JSON.parse(json), { registry })));
      } catch (error) {
        throw new DescriptorError(`message: ${(error as Error).message}`, { cause: error });
      }
    },
    decode(answer) {
      try {
        return JSON.stringify(toJson(output, fromBinary(output, answer), { registry }));
      } catch {
        return null;
      }
    },
  };
}
