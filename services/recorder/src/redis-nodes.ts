import type { RedisConnection } from '@galileo/bus';
import { nodeInfoKey, telemdCommandPattern, telemdNode } from '@galileo/wire';

/**
 * The nodes and what their agents say of them, found as Galileo's recorder does: who listens for commands on `telemcmd/<node>` is
 * a node, and `telemd.info:<node>` describes it. @throws RedisError if Redis is away
 */
export async function readNodes({ client }: RedisConnection): Promise<Map<string, Record<string, string>>> {
  const channels = (await client.pubsub('CHANNELS', telemdCommandPattern)) as string[];
  const nodes = channels.map(telemdNode).filter(node => node !== undefined);
  const infos = await Promise.all(nodes.map(async node => [node, await client.hgetall(nodeInfoKey(node))] as const));
  return new Map(infos);
}
