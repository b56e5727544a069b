import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type ServerHttp2Session, type ServerHttp2Stream, type Settings } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type sendUnaryData,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { loadSync, type ServiceDefinition } from '@grpc/proto-loader';

const directory = `${import.meta.dirname}/fixtures/grpc`;
export const protoFiles = Object.fromEntries(
  ['echo.proto', 'shapes.proto'].map(name => [name, readFileSync(`${directory}/${name}`, 'utf8')]),
);
const definitions = loadSync('echo.proto', {
  includeDirs: [directory],
  keepCase: true,
  longs: String,
  enums: String,
  defaults: true,
});
const echo = definitions['test.echo.Echo'] as ServiceDefinition;

/** Descriptors as a server in JavaScript has them: without imports, and with names that are looked up by scope. */
const files = Object.values(definitions)
  .flatMap(({ fileDescriptorProtos }) => (fileDescriptorProtos ?? []) as Buffer[])
  .filter((bytes, index, all) => all.findIndex(other => other.equals(bytes)) === index);

/** Answers the one question of grpc.reflection that its clients ask first, by the protocol's field numbers. */
function reflect(call: ServerDuplexStream<Buffer, Buffer>): void {
  call.on('data', (question: Buffer) => {
    const reader = new BinaryReader(question);
    const symbol = reader.tag()[0] === 4 ? reader.string() : undefined;
    const inner = new BinaryWriter();
    if (symbol === 'test.echo.Echo') for (const file of files) inner.tag(1, WireType.LengthDelimited).bytes(file);
    else inner.tag(1, WireType.Varint).int32(5);
    const answer = new BinaryWriter().tag(symbol === 'test.echo.Echo' ? 4 : 7, WireType.LengthDelimited).bytes(inner.finish());
    call.write(Buffer.from(answer.finish()));
  });
  call.on('end', () => call.end());
}

function reflection(version: string): ServiceDefinition {
  const same = (value: Buffer) => value;
  const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
  const codec = { requestSerialize: same, requestDeserialize: same, responseSerialize: same, responseDeserialize: same };
  return { ServerReflectionInfo: { path, requestStream: true, responseStream: true, ...codec } } as unknown as ServiceDefinition;
}

/** Starts a server of test.echo.Echo by grpc-js and its own loader of .proto files: all that it shares with a client is the protocol. */
export async function startEcho({ port = 0, reflects = undefined as string | undefined } = {}) {
  const said: object[] = [];
  const metadata: Record<string, unknown>[] = [];
  const waiting: (() => void)[] = [];
  let cancelled = 0;
  const server = new Server();
  type Unary = ServerUnaryCall<object, object>;
  const handlers: UntypedServiceImplementation = {
    Say(call: Unary, done: sendUnaryData<object>) {
      said.push(call.request);
      metadata.push(call.metadata.getMap());
      const header = new Metadata();
      header.set('x-count', String(said.length));
      call.sendMetadata(header);
      done(null, call.request);
    },
    Fail({ request }: ServerUnaryCall<{ code: number; details: string }, object>, done: sendUnaryData<object>) {
      done({ code: request.code, details: request.details });
    },
    Wait(call: Unary, done: sendUnaryData<object>) {
      call.on('cancelled', () => {
        cancelled += 1;
      });
      waiting.push(() => done(null, call.request));
    },
    Stream() {},
  };
  server.addService(echo, handlers);
  if (reflects !== undefined)
    server.addService(reflection(reflects), { ServerReflectionInfo: reflect } as UntypedServiceImplementation);
  const bound = await new Promise<number>((resolve, reject) => {
    const done = (error: Error | null, found: number) => (error === null ? resolve(found) : reject(error));
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), done);
  });
  return {
    address: `127.0.0.1:${bound}`,
    port: bound,
    /** Messages of Say, as the server understood them. */
    said,
    /** Metadata that came with them. */
    metadata,
    /** Answers of Wait that are due. */
    waiting,
    cancelled: () => cancelled,
    async [Symbol.asyncDispose]() {
      server.forceShutdown();
    },
  };
}

/** Starts a bare HTTP/2 server, for what a server of gRPC does not do. */
export async function startHttp2(settings: Settings, onStream: (stream: ServerHttp2Stream) => void) {
  const server = createServer({ settings });
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', session => sessions.add(session));
  server.on('stream', onStream);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    sessions,
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Answers a call with these bytes and a status of gRPC. */
export function answer(stream: ServerHttp2Stream, frame: Buffer, status = '0'): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status }));
  stream.end(frame);
}
