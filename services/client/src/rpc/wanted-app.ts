import type { App } from '@galileo/proto/client';
import { invalidArgument } from '@galileo/service';
import type { WantedApp } from '../apps/app-requests.ts';

/** Reads the app that clients are to run. @throws INVALID_ARGUMENT that names the field. */
export function wantedApp({ name, parametersJson, seeds }: App, count: number): WantedApp {
  if (seeds.length > 0 && seeds.length !== count) {
    throw invalidArgument(`app.seeds: found ${seeds.length}; allowed: none, or one for each of ${count} clients`);
  }
  let parameters: unknown;
  try {
    parameters = JSON.parse(parametersJson || '{}');
  } catch {
    throw invalidArgument('app.parameters_json: found no JSON; allowed: a JSON object');
  }
  if (typeof parameters !== 'object' || parameters === null || Array.isArray(parameters)) {
    const found = Array.isArray(parameters) ? 'a list' : JSON.stringify(parameters);
    throw invalidArgument(`app.parameters_json: found ${found}; allowed: a JSON object`);
  }
  const wanted = { name, parameters: parameters as Record<string, unknown>, count, rehearsed: true };
  return seeds.length > 0 ? { ...wanted, seeds } : wanted;
}
