// A small application to put under test over gRPC: SHA-256 of a text, hashed again and again, real work whose cost is set by
// `rounds`. hash.proto beside it describes the service.
//
// It listens on HOST:PORT of its environment and ends on SIGTERM. `node examples/apps/hash.ts` starts it; Node 22.19 or later.
import { createHash } from 'node:crypto';
import {
  loadPackageDefinition,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceClientConstructor,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const mostRounds = 1_000_000;

function hash(text: string, rounds: number): Buffer {
  let digest = Buffer.from(text);
  for (let round = 0; round < rounds; round++) digest = createHash('sha256').update(digest).digest();
  return digest;
}

function sha256(
  { request: { text, rounds } }: ServerUnaryCall<{ text: string; rounds: number }, { digest: Buffer }>,
  answer: sendUnaryData<{ digest: Buffer }>,
): void {
  if (rounds >= 1 && rounds <= mostRounds) answer(null, { digest: hash(text, rounds) });
  else answer({ code: status.INVALID_ARGUMENT, details: `rounds is ${rounds}; allowed: 1 to ${mostRounds}` });
}

const definition = loadSync(`${import.meta.dirname}/hash.proto`, { defaults: true });
const { Hash } = loadPackageDefinition(definition)['examples'] as unknown as { readonly Hash: ServiceClientConstructor };
const server = new Server();
server.addService(Hash.service, { Sha256: sha256 });

const { HOST = '127.0.0.1', PORT = '8080' } = process.env;
server.bindAsync(`${HOST}:${PORT}`, ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  console.log(`hash listens on ${HOST}:${port}`);
});

process.on('SIGTERM', () => {
  // Takes no more connections, lets calls under way finish, and ends with the last of them.
  server.tryShutdown(() => {});
  setTimeout(() => server.forceShutdown(), 3000).unref();
});
