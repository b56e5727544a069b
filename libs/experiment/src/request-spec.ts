import { escapeTemplate, isTemplate, mapLiterals } from '@galileo/workload/template';
import type { Table } from './csv.ts';
import { type HttpOptions, httpOptions } from './http-options.ts';
import type { RequestFiles } from './request-files.ts';
import type { HttpRequestInFile } from './schema.ts';

/** A request over HTTP. */
export interface HttpRequestSpec {
  method: string;
  /** With the query. */
  path: string;
  headers: Readonly<Record<string, string>>;
  body: string | Uint8Array | undefined;
  /** Of the whole request; those of its parts are undefined where there is none. */
  timeout: number;
  connectTimeout: number | undefined;
  firstByteTimeout: number | undefined;
  connections: 'reuse' | 'per-request';
  /** Are path, header values and body templates? Otherwise they are literal. */
  templated: boolean;
  /** Where `{{row COLUMN}}` is taken from. */
  rows: (Table & { order: 'sequential' | 'random' }) | undefined;
  options: HttpOptions | undefined;
}

const encode = (text: string) => encodeURIComponent(text.toWellFormed());

function withQuery(path: string, query: HttpRequestInFile['query']): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    [value].flat().map(each => `${encode(name)}=${mapLiterals(String(each), encode)}`),
  );
  if (pairs.length === 0) return path;
  const separator = !path.includes('?') ? '?' : /[?&]$/.test(path) ? '' : '&';
  return `${path}${separator}${pairs.join('&')}`;
}

function bodyOf(
  { body, json, body_base64: base64, body_file: file }: HttpRequestInFile,
  files: RequestFiles,
): HttpRequestSpec['body'] {
  if (json !== undefined) return JSON.stringify(json);
  if (base64 !== undefined) return Buffer.from(base64, 'base64');
  return file === undefined ? body : files.bodies.get(file)!;
}

function headersOf({ headers, json }: HttpRequestInFile): HttpRequestSpec['headers'] {
  const isTyped = Object.keys(headers).some(name => name.toLowerCase() === 'content-type');
  return json === undefined || isTyped ? headers : { ...headers, 'Content-Type': 'application/json' };
}

/** Bytes are literal, also beside templates. */
function literal(bytes: Uint8Array): Uint8Array {
  const text = Buffer.from(bytes).toString();
  return isTemplate(text) && Buffer.from(text).equals(bytes) ? Buffer.from(escapeTemplate(text)) : bytes;
}

/** Makes the spec of a request; `files` are those that it names. */
export function httpRequestSpec(request: HttpRequestInFile, files: RequestFiles): HttpRequestSpec {
  const path = withQuery(request.path, request.query);
  const headers = headersOf(request);
  const body = bodyOf(request, files);
  const texts = [path, ...Object.values(headers), ...(typeof body === 'string' ? [body] : [])];
  const templated = texts.some(isTemplate);
  return {
    method: request.method,
    path,
    headers,
    body: templated && typeof body === 'object' ? literal(body) : body,
    timeout: request.timeout,
    connectTimeout: request.connect_timeout,
    firstByteTimeout: request.first_byte_timeout,
    connections: request.connections,
    templated,
    rows: request.rows && { ...files.tables.get(request.rows.file)!, order: request.rows.order },
    options: httpOptions(request, files),
  };
}
