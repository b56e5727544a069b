import { weightsProblem } from '@galileo/routing';
import type { FunctionWeights } from './functions.ts';

/** Characters of one path element that need no escape (RFC 3986, pchar). */
const element = /^[A-Za-z0-9\-._~!$&'()*+,;=:@]+$/;
const elementRule = "letters, digits and - . _ ~ ! $ & ' ( ) * + , ; = : @ (not . or .. alone)";

const hostPort = /^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})$/;

/** Is it HOST:PORT of something that can be reached? */
export function addressFits(address: string): boolean {
  const port = Number(hostPort.exec(address)?.[1] ?? 0);
  return port >= 1 && port <= 65535 && URL.canParse(`http://${address}`);
}

/** First value that is there twice. */
const repeated = (values: readonly string[]) => values.find((value, index) => values.indexOf(value) !== index);

function problemOf({ name, replicas }: FunctionWeights): string | undefined {
  if (!element.test(name) || name === '.' || name === '..') return `the name is not allowed; allowed: ${elementRule}`;
  const addresses = replicas.map(({ address }) => address);
  const wrong = addresses.find(address => !addressFits(address));
  if (wrong !== undefined)
    return `replica ${JSON.stringify(wrong)} is not allowed; allowed: HOST:PORT with a port from 1 to 65535`;
  const twice = repeated(addresses);
  if (twice !== undefined) return `replica ${twice} is there twice; allowed: each address once`;
  const tiny = replicas.find(({ weight }) => weight > 0 && weight < 0.001);
  if (tiny) return `weight of ${tiny.address}: ${tiny.weight} is not allowed; allowed: 0, or at least 0.001`;
  return weightsProblem(
    addresses,
    replicas.map(({ weight }) => weight),
  );
}

/** What is wrong with new weights, in a sentence that names function, value and what is allowed; `undefined` if nothing is. */
export function functionsProblem(functions: readonly FunctionWeights[]): string | undefined {
  const twice = repeated(functions.map(({ name }) => name));
  if (twice !== undefined) return `function ${JSON.stringify(twice)} is there twice; allowed: each function once`;
  for (const change of functions) {
    const problem = problemOf(change);
    if (problem !== undefined) return `function ${JSON.stringify(change.name)}: ${problem}`;
  }
  return undefined;
}
