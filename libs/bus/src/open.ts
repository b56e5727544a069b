import { type DirectPublisherOptions, openDirectPublisher } from './direct.ts';
import type { Publisher } from './publisher.ts';
import { openRedisPublisher } from './redis/publisher.ts';
import type { RedisSettings } from './redis/settings.ts';

export interface PublisherOptions extends DirectPublisherOptions {
  /** The transport: through Redis, or over gRPC straight to the recorder. */
  readonly bus: 'direct' | 'redis';
  readonly redis: RedisSettings;
}

/** Opens the publisher of the transport that is configured. */
export function openPublisher(options: PublisherOptions): Publisher {
  return options.bus === 'redis' ? openRedisPublisher(options) : openDirectPublisher(options);
}
