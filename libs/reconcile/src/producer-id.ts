import { randomBytes } from 'node:crypto';

/** A producer's id, new at each start: `<service>/<node>/<8 hex digits>`. */
export function producerId(service: string, node: string): string {
  return `${service}/${node}/${randomBytes(4).toString('hex')}`;
}
