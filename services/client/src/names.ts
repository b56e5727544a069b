const name = /^[^\s,|]+$/;

/** Names stand in trace lines, where a comma ends a field and `None` is null, and in columns of 50 characters. */
export const allowedName = 'up to 50 characters without white space, comma and |, other than None';

/** May a worker or a service be called so? */
export function isName(text: string): boolean {
  return name.test(text) && text !== 'None' && text.length <= 50;
}

const hostPattern = /^(?:\[[0-9a-fA-F:.]+\]|[^\s:/[\]@?#,|]+)(?::(\d{1,5}))?$/;

/** Is it HOST:PORT or HOST (an IPv6 host in brackets)? */
function isHost(text: string): boolean {
  const match = hostPattern.exec(text);
  if (match === null || !URL.canParse(`http://${text}`)) return false;
  return match[1] === undefined || (Number(match[1]) >= 1 && Number(match[1]) <= 65_535);
}

/** What is wrong with the hosts of a route; `undefined` if nothing is. */
export function hostsProblem(hosts: readonly string[]): string | undefined {
  const wrong = hosts.find(host => !isHost(host));
  return wrong === undefined ? undefined : `found host ${JSON.stringify(wrong)}; allowed: HOST:PORT`;
}
