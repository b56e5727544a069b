/** Values this short are no secrets, and would be found everywhere. */
const shortest = 4;

/**
 * Makes a function that puts `[NAME]` where a value of the given variables stands in a text: what an application prints,
 * an error quotes or a plan shows must not carry a secret of `${env:NAME}` to where others can read it.
 */
export function createRedaction(environment: Readonly<Record<string, string>>): (text: string) => string {
  const values = Object.entries(environment)
    .filter(([, value]) => value.length >= shortest)
    // A value may be part of another one: the longer goes first.
    .sort(([, one], [, other]) => other.length - one.length);
  return text => values.reduce((result, [name, value]) => result.replaceAll(value, () => `[${name}]`), text);
}
