import type { Template } from '@galileo/workload/template';
import type { OutgoingRequest, Transport } from '../sender.ts';

/** A table whose rows requests take their texts from. */
export interface Rows {
  readonly rows: readonly (readonly string[])[];
  readonly order: 'sequential' | 'random';
}

/** A request whose templates are filled in each time. */
export interface TemplateSpec {
  /** What is the same each time, with a `0` in each place of a template. */
  readonly request: OutgoingRequest;
  readonly path: Template;
  /** Header fields that are not the same each time. */
  readonly headers: Readonly<Record<string, Template>>;
  /** The body, if it is not the same each time; texts within JSON are escaped as its strings are. */
  readonly body: { readonly template: Template; readonly isJson: boolean } | undefined;
  /** At least one. */
  readonly rows: Rows | undefined;
  /** What seeds are made from, together with the client's number; without it, from its number within the worker. */
  readonly seed: number | undefined;
  /** Numbers of the clients among the `total` that share the load: `first`, `first + step`, … */
  readonly numbers: { readonly first: number; readonly step: number; readonly total: number };
}

/** What clients send, checked, as plain data that may go to another thread. */
export type RequestSpec =
  /** The same each time. */
  | { readonly kind: 'constant'; readonly request: OutgoingRequest }
  | { readonly kind: 'template'; readonly template: TemplateSpec }
  | GrpcSpec
  /** What an app makes. */
  | { readonly kind: 'app'; readonly app: AppSpec };

/** A unary call of gRPC, the same each time. */
export interface GrpcSpec {
  readonly kind: 'grpc';
  /** `package.Service/Method`. */
  readonly method: string;
  /** The message as JSON. */
  readonly message: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Seconds. */
  readonly timeout: number;
  /** The bytes of a FileDescriptorSet with the method; `undefined` if the host that is called is asked for it. */
  readonly descriptors: Uint8Array | undefined;
}

/** An app with what its clients need of it. */
export interface AppSpec {
  readonly name: string;
  /** Absolute path of its folder. */
  readonly folder: string;
  /** File in the folder that makes the requests. */
  readonly generator: string;
  /** What its manifest says. */
  readonly manifest: Readonly<Record<string, unknown>>;
  /** JSON. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Of the random numbers of each client that is made, in this order; whole numbers from 0 to 2^53 - 1. */
  readonly seeds: readonly number[];
  /** Seconds that a request may take to be made. */
  readonly timeout: number;
  /** MB of memory for the generator's objects. */
  readonly memory: number;
}

/** What the requests are like, as far as that is known ahead. */
export function typicalOf(spec: RequestSpec): Pick<OutgoingRequest, 'method' | 'path'> | undefined {
  switch (spec.kind) {
    case 'constant':
      return spec.request;
    case 'template':
      return spec.template.request;
    case 'grpc':
      return { method: 'POST', path: `/${spec.method}` };
    case 'app':
      return undefined;
  }
}

/** What the requests go by. */
export function transportOf(spec: RequestSpec): Transport | undefined {
  switch (spec.kind) {
    case 'constant':
      return spec.request.transport;
    case 'template':
      return spec.template.request.transport;
    case 'grpc':
      return 'grpc';
    case 'app':
      return undefined;
  }
}

/** What those of the clients send that are at the places `first`, `first + step`, … of all that `spec` is for. */
export function shareOf(spec: RequestSpec, first: number, step: number): RequestSpec {
  if (step === 1) return spec;
  switch (spec.kind) {
    case 'constant':
    case 'grpc':
      return spec;
    case 'template': {
      const { numbers } = spec.template;
      const own = { first: numbers.first + first * numbers.step, step: numbers.step * step, total: numbers.total };
      return { kind: 'template', template: { ...spec.template, numbers: own } };
    }
    case 'app':
      return { kind: 'app', app: { ...spec.app, seeds: spec.app.seeds.filter((_, place) => place % step === first) } };
  }
}

const asBuffer = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const withBuffer = (request: OutgoingRequest): OutgoingRequest =>
  request.body === undefined ? request : { ...request, body: asBuffer(request.body) };

/** What came from another thread as it was there: a Buffer arrives as the array of bytes that it is. */
export function received(spec: RequestSpec): RequestSpec {
  switch (spec.kind) {
    case 'constant':
      return { kind: 'constant', request: withBuffer(spec.request) };
    case 'template':
      return { kind: 'template', template: { ...spec.template, request: withBuffer(spec.template.request) } };
    case 'grpc':
    case 'app':
      return spec;
  }
}
