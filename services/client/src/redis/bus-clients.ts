import type { ClientConfig, ClientDescription, ClientInfo, CreateClientCommand } from '@galileo/wire';
import type { LoadClient, LoadGenerator } from '../load-generator.ts';
import { allowedName, isName } from '../names.ts';
import type { RequestSpec } from '../requests/request-spec.ts';
import { CallError } from './calls.ts';

export interface BusClientsOptions {
  readonly worker: string;
  readonly generator: Pick<LoadGenerator, 'create' | 'states'>;
  /** What so many clients of a configuration send. @throws (rejects with) CallError or RequestError. */
  requestOf(config: ClientConfig, count: number): Promise<RequestSpec>;
}

const mostClients = 10_000;

/** A client and what was asked for. */
export interface BusClient {
  readonly client: LoadClient;
  readonly description: ClientDescription;
}

/** The clients that controllers had made. */
export function createBusClients({ worker, generator, requestOf }: BusClientsOptions) {
  const clients = new Map<string, BusClient>();
  /** The call that was heard last, and who has not answered it yet. */
  let heard = '';
  let silent: BusClient[] = [];

  return {
    /** Makes clients; none if the command is for another worker. @throws (rejects with) CallError or RequestError. */
    async create({ host, config, num }: CreateClientCommand): Promise<readonly BusClient[]> {
      if (host !== worker || num <= 0) return [];
      if (!isName(config.service)) {
        throw new CallError('ValueError', `service: found ${JSON.stringify(config.service)}; allowed: ${allowedName}`);
      }
      if (num > mostClients) throw new CallError('ValueError', `num: found ${num}; allowed: up to ${mostClients}`);
      const created = await generator.create(config.service, await requestOf(config, num), num);
      const made = created.map(client => {
        const description: ClientDescription = { clientId: client.id, worker, config };
        return { client, description };
      });
      for (const each of made) clients.set(each.client.id, each);
      return made;
    },

    /** Forgets those that were closed, and returns them. */
    forget(ids: readonly string[]): readonly LoadClient[] {
      const known = ids.map(id => clients.get(id)?.client).filter(client => client !== undefined);
      for (const { id } of known) clients.delete(id);
      return known;
    },

    isEmpty: () => clients.size === 0,

    /**
     * What the next client has to say to a call that comes once per client, one after the other.
     * @returns undefined if there is none.
     */
    async nextInfo(call: string): Promise<ClientInfo | undefined> {
      if (call !== heard || silent.length === 0) silent = [...clients.values()].reverse();
      heard = call;
      const next = silent.pop();
      if (next === undefined) return undefined;
      const [state] = await generator.states([next.client]);
      return state && { description: next.description, requests: state.released, failed: state.unsuccessful };
    },
  };
}
