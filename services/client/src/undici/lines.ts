import { Agent, type Dispatcher } from 'undici';
import type { HttpOptions } from '../requests/http-options.ts';
import type { OutgoingRequest } from '../sender.ts';
import { type Connector, createConnector } from './connector.ts';
import { type ForwardProxy, proxyOf } from './proxy.ts';

export interface LinesOptions {
  /** Most connections to one origin. */
  readonly connections: number;
  /** UNIX seconds. */
  now(): number;
}

/** A request with what it needs to come here. */
export type OptionedRequest = OutgoingRequest & { readonly options: HttpOptions };

/** What requests of the same options go over: their connections, by origin. */
export interface Line {
  readonly dispatcher: Dispatcher;
  readonly connector: Connector;
  readonly proxy: ForwardProxy | undefined;
}

/** As of our own connections: how long one is kept that its server says nothing about, and how long before its end it is used no more. */
const idle = 30_000;
const idleMargin = 1000;

/** The lines of a sender, each made when it is first asked for. */
export function createLines({ connections, now }: LinesOptions) {
  const byOptions = new WeakMap<HttpOptions, Map<number, Line>>();
  const lines = new Map<string, Line>();

  function open({ tls, http2 = false, proxy: address }: HttpOptions, timeout: number): Line {
    const proxy = address === undefined ? undefined : proxyOf(address);
    const connector = createConnector({ tls, http2, proxy, timeout, now });
    const dispatcher = new Agent({
      ...{ connect: connector.connect, connections, allowH2: http2 },
      ...{ keepAliveTimeout: idle, keepAliveTimeoutThreshold: idleMargin },
      // The whole request has its own time-out.
      ...{ headersTimeout: 0, bodyTimeout: 0 },
    });
    return { dispatcher, connector, proxy };
  }

  return {
    /** The line of requests like this one. Their time-out is also that of its connections. */
    of({ options, timeout, connections: use = 'reuse' }: OptionedRequest): Line {
      let known = byOptions.get(options);
      if (known === undefined) {
        known = new Map();
        byOptions.set(options, known);
      }
      let line = known.get(timeout);
      if (line === undefined) {
        const { tls, http2, proxy } = options;
        // Connections that end with an answer are shared with none that do not.
        const key = JSON.stringify([tls, http2, proxy, timeout, use]);
        line = lines.get(key) ?? open(options, timeout);
        lines.set(key, line);
        known.set(timeout, line);
      }
      return line;
    },

    /** Ends what was made ahead for other hosts than these; what is idle undici itself ends after a while. */
    retain(hosts: ReadonlySet<string>): void {
      for (const { connector } of lines.values()) connector.retain(hosts);
    },

    /** Ends all connections. */
    async close(): Promise<void> {
      for (const { connector } of lines.values()) connector.close();
      await Promise.all(Array.from(lines.values(), ({ dispatcher }) => dispatcher.destroy()));
      lines.clear();
    },
  };
}
