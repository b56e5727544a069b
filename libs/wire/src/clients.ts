import { dict, int, namedTuple, nullable, optional, required, str } from './codec.ts';
import type { Parsed } from './parsed.ts';
import { decodePython, encodePython, type PyObject } from './python-json.ts';

/** What a client is to do. */
export interface ClientConfig {
  readonly service: string;
  /** Name of the client app; null: the default client. */
  readonly client: string | null;
  /** For the default client: method, path and kwargs of Python's `requests.request`. */
  readonly parameters: PyObject | null;
  /** Labels that the worker must have, each with an equal string. */
  readonly workerLabels: PyObject | null;
}

/** Which client runs where. */
export interface ClientDescription {
  readonly clientId: string;
  readonly worker: string;
  readonly config: ClientConfig;
}

/** What a client has done so far. */
export interface ClientInfo {
  readonly description: ClientDescription;
  readonly requests: number;
  /** Requests with a status below 0 or from 300. */
  readonly failed: number;
}

export const clientConfig = namedTuple<ClientConfig>({
  service: required('service', str),
  client: optional('client', nullable(str), null),
  parameters: optional('parameters', nullable(dict), null),
  workerLabels: optional('worker_labels', nullable(dict), null),
});

export const clientDescription = namedTuple<ClientDescription>({
  clientId: required('client_id', str),
  worker: required('worker', str),
  config: required('config', clientConfig),
});

export const clientInfo = namedTuple<ClientInfo>({
  description: required('description', clientDescription),
  requests: required('requests', int),
  failed: required('failed', int),
});

/** What is kept at `clientKey`: nested arrays without any mark of the class. */
export const encodeClientDescription = (description: ClientDescription): string =>
  encodePython(clientDescription.encode(description, ''));

/** Reads what is kept at `clientKey`. */
export function decodeClientDescription(text: string): Parsed<ClientDescription> {
  const json = decodePython(text);
  return json.ok ? clientDescription.decode(json.value, '') : json;
}
