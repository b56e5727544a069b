import { randomUUID } from 'node:crypto';
import { clientSeed, createRandom, type Random } from '@galileo/workload';
import type { Placeholder, Template } from '@galileo/workload/template';
import type { OutgoingRequest } from '../sender.ts';
import { fieldValue } from './outgoing-request.ts';
import { RequestError } from './request-error.ts';
import type { TemplateSpec } from './request-spec.ts';

/** What one client's templates are filled in from. */
interface Values {
  readonly client: string;
  readonly worker: string;
  readonly random: Random;
  seq: number;
  row: readonly string[];
}

type Fill = (values: Values) => string;

const escapeInJson = (text: string) => JSON.stringify(text).slice(1, -1);
const asIs = (text: string) => text;

/** Cells were checked before; names of clients and workers may hold what a header may not. */
function checkHeader(text: string): string {
  if (fieldValue.test(text)) return text;
  throw new RequestError('headers', text, 'names of clients and workers in ISO 8859-1');
}

function fillPlace(place: Placeholder, encode: (text: string) => string): Fill {
  switch (place.kind) {
    case 'seq':
      return ({ seq }) => String(seq);
    case 'uuid':
      return () => randomUUID();
    case 'client':
      return ({ client }) => encode(client);
    case 'worker':
      return ({ worker }) => encode(worker);
    case 'open': {
      const text = encode('{{');
      return () => text;
    }
    case 'random': {
      const { least } = place;
      const count = place.most - least + 1;
      return ({ random }) => String(least + Math.floor(random() * count));
    }
    case 'row': {
      const { column } = place;
      return ({ row }) => encode(row[column]!);
    }
  }
}

/** Compiles a template. `encode` is how texts are written where it stands. */
function compile(template: Template, encode: (text: string) => string): Fill {
  const parts = template.map(part => (typeof part === 'string' ? part : fillPlace(part, encode)));
  return values => {
    let text = '';
    for (const part of parts) text += typeof part === 'string' ? part : part(values);
    return text;
  };
}

/** What fills in all that is not the same each time. */
function compileRequest({ request, path, headers, body }: TemplateSpec): (values: Values) => OutgoingRequest {
  const fillPath = compile(path, encodeURIComponent);
  const fields = Object.entries(headers).map(([name, template]) => [name, compile(template, checkHeader)] as const);
  const fillBody = body && compile(body.template, body.isJson ? escapeInJson : asIs);

  function fillHeaders(values: Values): OutgoingRequest['headers'] {
    if (fields.length === 0) return request.headers;
    const filled = { ...request.headers };
    for (const [name, fill] of fields) filled[name] = fill(values);
    return filled;
  }

  return values => ({
    ...request,
    path: fillPath(values),
    headers: fillHeaders(values),
    body: fillBody === undefined ? request.body : Buffer.from(fillBody(values)),
    once: true,
  });
}

/** The client that requests are for. */
interface TemplateClient {
  readonly id: string;
  /** Number within the worker, from 0. */
  readonly n: number;
  readonly worker: string;
}

/**
 * Makes the requests of clients that were created together: of each client, which has a position among them from 0, the request
 * that goes out under a counter from 1. Random numbers depend on how many were asked for before.
 */
export function templateRequests(
  spec: TemplateSpec,
): (client: TemplateClient, position: number) => (counter: number) => OutgoingRequest {
  const fill = compileRequest(spec);
  const { rows: table, seed, numbers } = spec;

  return ({ id, n, worker }, position) => {
    const number = numbers.first + position * numbers.step;
    const random = createRandom(seed === undefined ? clientSeed(0, n) : clientSeed(seed, number));
    const values: Values = { client: id, worker, random, seq: 0, row: [] };
    return counter => {
      values.seq = counter;
      if (table !== undefined) {
        const { rows, order } = table;
        const place = order === 'random' ? Math.floor(random() * rows.length) : number + (counter - 1) * numbers.total;
        values.row = rows[place % rows.length]!;
      }
      return fill(values);
    };
  };
}
