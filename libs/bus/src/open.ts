import { type DirectPublisherOptions, openDirectPublisher } from './direct.ts';
import type { Publisher } from './publisher.ts';
import { openRedisPublisher } from './redis/publisher.ts';
import type { RedisSettings } from './redis/settings.ts';

/** What carries records: Redis, or gRPC straight to the recorder. */
export type BusTransport =
  | { readonly bus: 'direct'; readonly redis?: RedisSettings }
  | { readonly bus: 'redis'; readonly redis: RedisSettings };

export type PublisherOptions = DirectPublisherOptions & BusTransport;

/** Opens the publisher of the transport that is configured. */
export function openPublisher(options: PublisherOptions): Publisher {
  return options.bus === 'redis' ? openRedisPublisher(options) : openDirectPublisher(options);
}
