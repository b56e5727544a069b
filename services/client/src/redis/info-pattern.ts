import { clientInfos } from '@galileo/wire';

/**
 * The pattern by which a worker's n-th client hears calls of `Client.get_info`. It fits that channel alone, and is another one
 * for each client: Redis counts each pattern as a receiver, so that a caller waits for one answer per client, as it does where
 * each client is a process of its own. (A backslash before a character of a pattern changes nothing; where they stand tells n.)
 */
export function infoPattern(n: number): string {
  let pattern = '';
  let rest = n;
  for (const character of clientInfos.channel) {
    pattern += rest % 2 === 1 ? `\\${character}` : character;
    rest = Math.floor(rest / 2);
  }
  return pattern;
}
