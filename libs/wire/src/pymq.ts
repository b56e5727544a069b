import { malformed, type Parsed, parsed } from './parsed.ts';
import { decodePython, encodePython, isPyObject, type PyJson, type PyObject } from './python-json.ts';

/**
 * A top-level value as pymq puts it into a message. Only this level says of which class it is; NamedTuples inside are arrays,
 * other objects plain objects, None is null, an exception the array of its arguments.
 */
export interface Envelope {
  /** Python's name of the class, of a `list` that of its first element; null: a plain str, bool, int, float, dict or list. */
  readonly type: string | null;
  /** The fields: an array for a NamedTuple (all, in order), an object for other objects. */
  readonly value: PyJson;
  /** A list whose elements are of the class. */
  readonly list?: true;
}

/** The text of a message. */
export function encodeEnvelope({ type, value, list }: Envelope): string {
  if (type === null) return encodePython(value);
  if (list === true) return encodePython({ __list: value, __type: type });
  return encodePython(isPyObject(value) ? { ...value, __type: type } : { __obj: value, __type: type });
}

/** Reads a message, whatever it may be: with or without type, wrapped in `__obj` or not. */
export function decodeEnvelope(text: string): Parsed<Envelope> {
  const json = decodePython(text);
  if (!json.ok) return json;
  const document = json.value;
  if (!isPyObject(document)) return parsed({ type: null, value: document });
  const type = Object.hasOwn(document, '__type') && typeof document['__type'] === 'string' ? document['__type'] : null;
  if (Object.hasOwn(document, '__obj')) return parsed({ type, value: document['__obj']! });
  if (Object.hasOwn(document, '__list')) return parsed({ type, value: document['__list']!, list: true });
  const { __type: _, ...value }: PyObject = document;
  return parsed({ type, value });
}

/**
 * Reads a message whose class the receiver does not know from its channel (requests, responses, items of queues): Python
 * takes the class from `__type`, and without it such a message gets no answer at all.
 */
export function decodeTyped(text: string, type: string): Parsed<PyJson> {
  const envelope = decodeEnvelope(text);
  if (!envelope.ok) return envelope;
  return envelope.value.type === type ? parsed(envelope.value.value) : malformed(`__type is not ${type}`);
}
