import { type RecordKindName, recordKinds } from '@galileo/bus';
import type { Book } from '@galileo/reconcile';

/** Which producers the records of a source are from: the token of a client, the node of telemetry, the name of an event. */
export interface Sources {
  add(producerId: string, kind: RecordKindName, name: string): void;
  /** Ids of producers that have said that the source is theirs; several after one was restarted. */
  ownersOf(kind: RecordKindName, name: string): readonly string[];
  /** Learns from the book of an earlier run. */
  resume(book: Book): void;
  /** Forgets producers that nobody needs any more. */
  prune(isNeeded: (producerId: string) => boolean): void;
}

/** Makes an empty register. */
export function createSources(): Sources {
  const owners: Readonly<Record<RecordKindName, Map<string, string[]>>> = {
    trace: new Map(),
    telemetry: new Map(),
    event: new Map(),
  };
  const nobody: readonly string[] = [];

  const add = (producerId: string, kind: RecordKindName, name: string) => {
    const known = owners[kind].get(name);
    if (known === undefined) owners[kind].set(name, [producerId]);
    else if (!known.includes(producerId)) known.push(producerId);
  };

  return {
    add,
    ownersOf: (kind, name) => owners[kind].get(name) ?? nobody,
    resume(book) {
      for (const account of book.accounts.values()) {
        if (account.unverified) continue;
        for (const token of account.clients.keys()) add(account.producerId, 'trace', token);
        for (const node of account.telemetry.keys()) add(account.producerId, 'telemetry', node);
      }
    },
    prune(isNeeded) {
      for (const kind of recordKinds) {
        for (const [name, producers] of owners[kind]) {
          const needed = producers.filter(isNeeded);
          if (needed.length === 0) owners[kind].delete(name);
          else if (needed.length < producers.length) owners[kind].set(name, needed);
        }
      }
    },
  };
}
