import { type ClientConfig, clientConfig } from './clients.ts';
import { array, type Codec, int, namedTuple, nullAs, nullable, optional, required, str } from './codec.ts';
import { type BusClass, busChannel, busType } from './keys.ts';
import type { Parsed } from './parsed.ts';
import { decodeEnvelope, encodeEnvelope } from './pymq.ts';
import type { PyJson } from './python-json.ts';

/** A command or event of the bus. */
export interface BusMessage<T> {
  /** Where it is published. */
  readonly channel: string;
  /** Python's full name of the class. */
  readonly type: string;
  encode(message: T): string;
  /** Reads every form that the Python side takes: an array or object of the fields, in `__obj` or bare, whatever its `__type`. */
  decode(payload: string): Parsed<T>;
}

function busMessage<T extends object>(className: BusClass, codec: Codec<T>): BusMessage<T> {
  const type = busType(className);
  return {
    channel: busChannel(className),
    type,
    encode: message => encodeEnvelope({ type, value: codec.encode(message, '') }),
    decode(payload) {
      const envelope = decodeEnvelope(payload);
      return envelope.ok ? codec.decode(envelope.value.value, '') : envelope;
    },
  };
}

/** A message without fields. */
export type Nothing = Readonly<Record<never, never>>;

/** About a worker. */
export interface OfWorker {
  readonly name: string;
}

/** About a client. */
export interface OfClient {
  readonly clientId: string;
}

const ofWorker = namedTuple<OfWorker>({ name: required('name', str) });
const ofClient = namedTuple<OfClient>({ clientId: required('client_id', str) });
const nothing = namedTuple<Nothing>({});

/** All workers are to register again. */
export const registerWorkerCommand = busMessage('RegisterWorkerCommand', nothing);
/** A worker has registered. */
export const registerWorkerEvent = busMessage('RegisterWorkerEvent', ofWorker);
/** A worker ends. */
export const unregisterWorkerEvent = busMessage('UnregisterWorkerEvent', ofWorker);
/** All workers are to record traces from now on. */
export const startTracingCommand = busMessage('StartTracingCommand', nothing);
/** All workers are to publish the traces they hold and to drop all until StartTracingCommand. */
export const pauseTracingCommand = busMessage('PauseTracingCommand', nothing);

/** Clients are to be created on a worker. */
export interface CreateClientCommand {
  /** Name of the worker. */
  readonly host: string;
  readonly config: ClientConfig;
  readonly num: number;
}
export const createClientCodec = namedTuple<CreateClientCommand>({
  host: required('host', str),
  config: required('config', clientConfig),
  num: optional('num', int, 1),
});
/** Published by no original part: it is the argument of the function `createClients`. */
export const createClientCommand = busMessage('CreateClientCommand', createClientCodec);

/** A client is to end. */
export const closeClientCommand = busMessage('CloseClientCommand', ofClient);

/** A client is to send requests. */
export interface SetWorkloadCommand {
  readonly clientId: string;
  /** How many; null: until it is told otherwise. */
  readonly num: number | null;
  /** Distribution of the inter-arrival times, or `prerecorded`. */
  readonly distribution: string;
  /** Of the distribution, seconds; numbers, unless somebody sent nonsense. */
  readonly parameters: readonly PyJson[] | null;
}
const setWorkload = namedTuple<SetWorkloadCommand>({
  clientId: required('client_id', str),
  num: optional('num', nullable(int), null),
  distribution: optional('distribution', nullAs(str, 'constant'), 'constant'),
  parameters: optional('parameters', nullable(array), null),
});
export const setWorkloadCommand = busMessage('SetWorkloadCommand', setWorkload);

/** A client is to send no more requests. */
export const stopWorkloadCommand = busMessage('StopWorkloadCommand', ofClient);
/** A client has dispatched the last request of a limited workload; answers may be outstanding. */
export const workloadDoneEvent = busMessage('WorkloadDoneEvent', ofClient);

/** About a client of a worker. */
export interface OfClientAtHost extends OfClient {
  readonly host: string;
}
const ofClientAtHost = namedTuple<OfClientAtHost>({ host: required('host', str), clientId: required('client_id', str) });

/** Defined by Galileo, published by no original part; so are the two events. */
export const stopClientsCommand = busMessage('StopClientsCommand', ofClient);
export const clientStartedEvent = busMessage('ClientStartedEvent', ofClientAtHost);
export const clientStoppedEvent = busMessage('ClientStoppedEvent', ofClientAtHost);
