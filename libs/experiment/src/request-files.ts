import { certificatesOf } from './certificates.ts';
import { parseCsv, type Table } from './csv.ts';
import type { Path, Problem } from './problem.ts';
import { type ProtoFiles, readProtoFiles } from './proto-files.ts';
import type { Source } from './source.ts';

/** Gives the content of a file that the experiment file names. @throws Error whose message tells what is wrong with it */
export type FileReader = (fileName: string) => Uint8Array;

/** A file may be so large, bytes: its content travels with the experiment. */
const largestFile = 16 * 1024 * 1024;

/** What the requests take from files, by the names in the experiment file. */
export interface RequestFiles {
  readonly bodies: ReadonlyMap<string, Uint8Array>;
  readonly tables: ReadonlyMap<string, Table>;
  /** For TLS, PEM. */
  readonly certificates: ReadonlyMap<string, string>;
  /** Of calls of gRPC. */
  readonly protos: ReadonlyMap<string, ProtoFiles>;
}

function get(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}

/** Requests of the workloads, each with its place; what is none is passed over. */
export function requestsOf(source: Source): { request: object; path: Path }[] {
  const workloads = get(source.value, 'workloads');
  if (!Array.isArray(workloads)) return [];
  return workloads.flatMap((workload, index) => {
    const request = get(workload, 'request');
    return typeof request === 'object' && request !== null ? [{ request, path: ['workloads', index, 'request'] }] : [];
  });
}

/** The sentence for a file that is too large; undefined if it is not. */
export function sizeProblem(bytes: number): string | undefined {
  return bytes > largestFile ? `found ${bytes} bytes; allowed: up to ${largestFile}` : undefined;
}

/** Reads every file of bodies, rows, certificates and descriptions that an experiment file names, each once. */
export function readRequestFiles(source: Source, read: FileReader): RequestFiles & { readonly problems: Problem[] } {
  const contents = new Map<string, Uint8Array>();
  const bodies = new Map<string, Uint8Array>();
  const tables = new Map<string, Table>();
  const certificates = new Map<string, string>();
  const protos = new Map<string, ProtoFiles>();
  const problems: Problem[] = [];

  const content = (file: string): Uint8Array => {
    const found = contents.get(file) ?? read(file);
    contents.set(file, found);
    const problem = sizeProblem(found.byteLength);
    if (problem !== undefined) throw new Error(problem);
    return found;
  };
  const take = (file: unknown, path: Path, use: (file: string) => void) => {
    if (typeof file !== 'string') return;
    try {
      use(file);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      problems.push(source.problemAt(path, `${source.written(path)}: ${message}`));
    }
  };
  const text = (file: string) => Buffer.from(content(file)).toString();
  for (const { request, path } of requestsOf(source)) {
    if (get(request, 'protocol') === 'grpc') {
      take(get(request, 'proto'), [...path, 'proto'], file => protos.set(file, readProtoFiles(file, text)));
      continue;
    }
    take(get(request, 'body_file'), [...path, 'body_file'], file => bodies.set(file, content(file)));
    take(get(get(request, 'rows'), 'file'), [...path, 'rows', 'file'], file => {
      if (!tables.has(file)) tables.set(file, parseCsv(content(file)));
    });
    for (const field of ['ca_file', 'cert_file']) {
      take(get(get(request, 'tls'), field), [...path, 'tls', field], file =>
        certificates.set(file, certificatesOf(content(file))),
      );
    }
  }
  return { bodies, tables, certificates, protos, problems };
}
