import type { RecordKindName } from '@galileo/bus';
import { RecordFilter, RecordKind } from '@galileo/proto/recorder';

const kindNumbers: Readonly<Record<RecordKindName, RecordKind>> = {
  trace: RecordKind.TRACE,
  telemetry: RecordKind.TELEMETRY,
  event: RecordKind.EVENT,
};

/** A kind's number in messages. */
export const kindNumber = (kind: RecordKindName): RecordKind => kindNumbers[kind];

/** The kind that a message means; undefined for RECORD_KIND_UNSPECIFIED. */
export function kindName(kind: RecordKind): RecordKindName | undefined {
  for (const [name, number] of Object.entries(kindNumbers)) if (number === kind) return name as RecordKindName;
  return undefined;
}

/** The part of a recording's predicate that does not depend on the producer. */
export interface Predicate {
  /** Is this kind recorded at all? */
  kind(kind: RecordKindName): boolean;
  trace(service: string, client: string): boolean;
  telemetry(node: string): boolean;
  event(): boolean;
}

/** A filter that holds everything. */
export const everything: RecordFilter = RecordFilter.fromPartial({});

/** Compiles a filter; an empty list means all. */
export function compileFilter(filter: RecordFilter): Predicate {
  const setOf = <T>(list: readonly T[]) => (list.length === 0 ? undefined : new Set(list));
  const kinds = setOf(filter.kinds);
  const services = setOf(filter.services);
  const clients = setOf(filter.clients);
  const nodes = setOf(filter.nodes);
  const holds = (kind: RecordKindName) => kinds === undefined || kinds.has(kindNumber(kind));
  const traces = holds('trace');
  const telemetry = holds('telemetry');
  const events = holds('event');
  return {
    kind: holds,
    trace: (service, client) =>
      traces && (services === undefined || services.has(service)) && (clients === undefined || clients.has(client)),
    telemetry: node => telemetry && (nodes === undefined || nodes.has(node)),
    event: () => events,
  };
}
