import type { Sender, Transport } from './sender.ts';

/** Makes a transport; its code is loaded by then and not before. */
export type MakeTransport = () => Promise<Sender> | Sender;

/** Several senders as one: each request goes by the transport that it names. */
export interface Transports extends Sender {
  /** Makes a transport ready. To be awaited before requests name it. */
  load(transport: Transport): Promise<void>;
}

/** `main` is there from the start on; the others are made when they are first asked for, since few workers need them. */
export function createTransports(main: Sender, makers: Readonly<Partial<Record<Transport, MakeTransport>>>): Transports {
  const senders = new Map<Transport, Sender>([['http', main]]);
  const loading = new Map<Transport, Promise<void>>();

  async function make(transport: Transport): Promise<void> {
    const maker = makers[transport];
    if (maker === undefined) throw new RangeError(`transport: found ${transport}; allowed: ${Object.keys(makers).join(', ')}`);
    senders.set(transport, await maker());
  }

  return {
    async load(transport) {
      if (senders.has(transport)) return;
      let made = loading.get(transport);
      if (made === undefined) {
        made = make(transport).finally(() => loading.delete(transport));
        loading.set(transport, made);
      }
      await made;
    },
    send(host, request, reply) {
      const sender = request.transport === undefined ? main : senders.get(request.transport);
      if (sender === undefined) throw new Error(`the transport ${request.transport} was not loaded`);
      return sender.send(host, request, reply);
    },
    retain(hosts) {
      for (const sender of senders.values()) sender.retain?.(hosts);
    },
    prepare: (host, request) => senders.get(request?.transport ?? 'http')?.prepare(host, request),
    async [Symbol.asyncDispose]() {
      await Promise.allSettled(loading.values());
      await Promise.all(Array.from(senders.values(), sender => sender[Symbol.asyncDispose]()));
    },
  };
}
