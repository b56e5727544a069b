import type { RedisConnection } from '@galileo/bus';

/** Commands that are sent together. */
export type Pipeline = ReturnType<RedisConnection['client']['pipeline']>;

/** Sends them. @throws the first error that one of them was answered with, or the RedisError of the connection */
export async function run(pipeline: Pipeline): Promise<void> {
  for (const [error] of (await pipeline.exec()) ?? []) if (error !== null) throw error;
}
