import { fromBinary } from '@bufbuild/protobuf';
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { type FileDescriptorProto, FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { MissedRequest, SourceError } from '../requests/source-errors.ts';
import type { Answer, OutgoingRequest, Sender } from '../sender.ts';
import { createGrpcSender } from './grpc-sender.ts';
import { linkedSet } from './linking.ts';
import { wellKnownFiles } from './well-known.ts';

// Asks a server what its services are: https://github.com/grpc/grpc-proto/blob/master/grpc/reflection/v1/reflection.proto.
// Each question is a stream of one message here, which is answered with one, so that it goes like a unary call.

/** The protocol's versions; they differ in nothing but their names. */
const versions = ['v1', 'v1alpha'] as const;

/** The fields of ServerReflectionRequest that are asked for. */
const byFileName = 3;
const bySymbol = 4;

function question(field: number, text: string): Buffer {
  return Buffer.from(new BinaryWriter().tag(field, WireType.LengthDelimited).string(text).finish());
}

/** The fields of a message that are other messages, texts or bytes, by number. */
function lengthDelimited(bytes: Uint8Array): Map<number, Uint8Array[]> {
  const reader = new BinaryReader(bytes);
  const fields = new Map<number, Uint8Array[]>();
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    if (type !== WireType.LengthDelimited) reader.skip(type, number);
    else fields.set(number, [...(fields.get(number) ?? []), reader.bytes()]);
  }
  return fields;
}

/** ServerReflectionResponse: its files, or undefined if there are none for the question. */
function filesOf(message: Uint8Array): FileDescriptorProto[] | undefined {
  const [response] = lengthDelimited(message).get(4) ?? [];
  const files = response && lengthDelimited(response).get(1);
  return files?.map(file => fromBinary(FileDescriptorProtoSchema, file));
}

/** Bytes of an answer that are taken in. */
const mostBytes = 64 * 1024 * 1024;
/** Seconds that an answer may take at most. */
const longestWait = 10;

export interface ReflectionOptions {
  readonly host: string;
  /** `package.Service`. */
  readonly service: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Seconds that an answer may take, if that is less than what is usual. */
  readonly timeout: number;
}

function ask(sender: Sender, { host, metadata, timeout }: ReflectionOptions, version: string, body: Buffer): Promise<Answer> {
  const request: OutgoingRequest = {
    method: 'POST',
    path: `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
    headers: metadata,
    body,
    timeout: Math.min(timeout, longestWait),
  };
  return new Promise(resolve => sender.send(host, request, { answered: resolve }));
}

/** Asks for files, in the version that the server speaks. */
async function findFiles(
  sender: Sender,
  options: ReflectionOptions,
  body: Buffer,
): Promise<readonly FileDescriptorProto[] | undefined> {
  for (const version of versions) {
    const { error, status, body: message } = await ask(sender, options, version, body);
    if (error !== null) throw new MissedRequest(error, `${options.host} could not be asked for its services: ${error}`);
    // UNIMPLEMENTED
    if (status === 501) continue;
    if (status !== 200 || message === null) {
      throw new MissedRequest('reflection', `${options.host} could not be asked for its services: status ${status}`);
    }
    return filesOf(message);
  }
  throw new SourceError(`${options.host} has no reflection; allowed: a server with reflection, or .proto files with the call`);
}

/**
 * Asks a host for everything that a service's descriptors take. @returns the bytes of a FileDescriptorSet
 * @throws MissedRequest if the host can't be asked now, SourceError if it has no reflection or lacks the service, DescriptorError
 * if something is missing in what it tells
 */
export async function reflectedDescriptors(options: ReflectionOptions): Promise<Uint8Array> {
  const { host, service } = options;
  await using sender = createGrpcSender({ now: () => 0, keepBody: mostBytes, keepHeaders: false, onIdleFailure() {} });
  const found = await findFiles(sender, options, question(bySymbol, service));
  if (found === undefined) throw new SourceError(`${host} has no service ${JSON.stringify(service)}, as its reflection says`);
  const files = new Map(found.map(file => [file.name, file]));
  const known = wellKnownFiles();
  // A map may grow while it is walked through: what is added is then walked through too.
  for (const { dependency } of files.values()) {
    for (const name of dependency) {
      if (files.has(name) || known.has(name)) continue;
      const imported = await findFiles(sender, options, question(byFileName, name));
      for (const file of imported ?? []) files.set(file.name, file);
    }
  }
  const others = [...known].flatMap(([name, file]) => (files.has(name) ? [] : [file]));
  return linkedSet([...others, ...files.values()]);
}
