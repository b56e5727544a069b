import {
  type Arrival,
  arrivalProblem,
  type DistributionName,
  distributions,
  type Profile,
  type ProfileName,
  type ProfileParameter,
  processNames,
  profiles,
} from '@galileo/workload';
import { z } from 'zod';
import type { ClosedLoop, FlightLimit } from './closed-loop.ts';
import { anyText, dictionary, list, mapping, name, number, oneOf, serviceReference, span, text, whole } from './fields.ts';
import { grpcRequest } from './grpc-request.ts';

// The one description of the experiment file: it validates, it fills in defaults, and JSON Schema is made from it.
// What takes more than one field of different mappings to see is in consistency.ts.

/** An issue whose message is a whole sentence and not what is allowed. */
export const sentence = { sentence: true } as const;

const port = whole(1, 65_535);
const path = text('a path that begins with /, without white space and #', /^\/[!-"$-~]*$/);
/** As `path`; a template may hold blanks. */
const templatePath = text(
  'a path that begins with /, without white space and #, but in templates such as {{random 1 6}}',
  /^\/(?:[!"$-z|}~]|\{(?!\{)|\{\{[^{}]*\}\})*$/,
);
/** HOST:PORT with a port from 1 to 65535. */
const hostPattern =
  /^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?):(?:[1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5])$/;
const namedText = (error: string, key: RegExp, keyError: string, value = anyText) =>
  dictionary(text(keyError, key), value, error);

// Replicas

const weights = '0, or a number from 0.001 to 1000000: three decimals count';

const replica = mapping({
  node: name.prefault('local').describe('Node that they run on; under the process runner a label for this machine'),
  zone: name.prefault('main').describe('Zone of the load balancer that they belong to'),
  count: whole(1, 1000).prefault(1).describe('How many replicas'),
  weight: number(0, 1_000_000, weights)
    .refine(weight => weight === 0 || weight >= 0.001, { error: weights })
    .prefault(1)
    .describe('Share of the requests that each of these replicas gets, relative to the others; three decimals count'),
});

const replicas = list(replica, 'replicas', 1).superRefine((found, context) => {
  if (found.length === 0 || found.some(entry => entry.weight !== 0)) return;
  context.addIssue({
    code: 'custom',
    message: 'found no weight above 0; allowed: at least one, or no replica gets a request',
    params: sentence,
  });
});

// How replicas are started

const variables = namedText(
  'a mapping from names to text',
  /^(?!PORT$)[A-Za-z_][A-Za-z0-9_]*$/,
  'a name of letters, digits and underscores, but not PORT, which the runner sets',
);

const ready = mapping({
  path: path
    .optional()
    .describe('Path that is asked until a replica answers that it can work; without one, its port has to accept connections'),
  timeout: span(0.001).prefault('30s').describe('How long that may take'),
}).prefault({});

const process = mapping({
  command: list(text('text, not empty', /^[\s\S]/), 'words such as [node, examples/apps/pi.ts]', 1).describe(
    'Program and arguments; no shell is involved. Relative paths start from the directory of the command galileo',
  ),
  port: z
    .union([z.literal('auto'), port], { error: 'auto, or a whole number from 1 to 65535' })
    .prefault('auto')
    .describe('Port that a replica listens on; it is told in the variable PORT. With auto each replica gets a free one'),
  env: variables.prefault({}).describe('Environment variables'),
  ready: ready.describe('When a replica counts as started'),
});

const external = mapping({
  addresses: list(
    text('HOST:PORT, an IPv6 host in brackets, with a port from 1 to 65535', hostPattern),
    'addresses such as 10.0.0.2:8080',
    1,
  ).describe('HOST:PORT of each replica, in the order of `replicas`, as the load balancers reach it'),
  ready: ready.describe('When a replica counts as there'),
});

const quantity = z.union([z.number(), z.string()], { error: 'a quantity such as 500m, 0.5 or 128Mi' }).transform(String);
const quantities = z.record(z.string(), quantity, { error: 'a mapping from resources such as cpu and memory to quantities' });

const kubernetes = mapping({
  image: text('the name of a container image', /^\S+$/).describe('Container image'),
  port: port.optional().describe('Port that the container listens on'),
  resources: mapping({
    requests: quantities.prefault({}).describe('What a replica is sure to get'),
    limits: quantities.prefault({}).describe('What it may use at most'),
  })
    .prefault({})
    .describe('Resources as in a pod'),
  env: variables.prefault({}).describe('Environment variables'),
});

const service = mapping({
  name: name.describe('Name of the service'),
  replicas: replicas.prefault([{}]).describe('Where its replicas run and how requests are shared among them'),
  process: process.optional().describe('How the process runner starts a replica on this machine'),
  external: external
    .optional()
    .describe('Replicas that run already: they are used, not started and not ended; instead of process'),
  kubernetes: kubernetes.optional().describe('How a replica is started on Kubernetes'),
});

// Load

const yesOrNo = z.boolean({ error: 'true, false' });
const certificateFile = text('the name of a file', /^[^\0]+$/);

const tls = mapping({
  ca_file: certificateFile
    .optional()
    .describe('File of the certificates to trust (PEM), relative to this file; those that Node trusts unless given'),
  cert_file: certificateFile
    .optional()
    .describe("File of the client's certificate (PEM), relative to this file, and of those between it and its CA"),
  key: anyText
    .optional()
    .describe(`Private key of that certificate (PEM), as \${env:NAME} alone: no key is stored with this file`),
  server_name: text('a DNS name', /^[\w-]+(?:\.[\w-]+)*$/)
    .optional()
    .describe("Name to ask for (SNI), which has to be in the server's certificate; that of the target unless given"),
  insecure: yesOrNo.prefault(false).describe('Take whatever certificate the server has'),
}).superRefine((found, context) => {
  if ((found.cert_file === undefined) === (found.key === undefined)) return;
  const [given, missing] = found.key === undefined ? ['cert_file', 'key'] : ['key', 'cert_file'];
  const message = `found it without ${missing}; allowed: both or neither`;
  context.addIssue({ code: 'custom', path: [given], message, params: sentence });
});

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const queryValue = z.union([scalar, z.array(scalar)], { error: 'text, a number, true, false, or a list of them' });

/** The ways to give a body, of which a request has one or none. */
const bodies = ['body', 'json', 'body_file', 'body_base64'] as const;

const rows = mapping({
  file: text('the name of a file that ends in .csv', /^[^\0]*\.csv$/i).describe(
    'CSV file with the names of its columns in the first line, relative to this file; its rows travel with the experiment, up to 16 MiB',
  ),
  order: oneOf(['sequential', 'random'])
    .prefault('sequential')
    .describe(
      'sequential: client k of n takes the rows k, k + n, …, and begins anew after the last one; random: any, by the seed',
    ),
});

const httpRequest = mapping({
  protocol: z.literal('http').optional().describe('HTTP unless told; grpc has other keys beside it'),
  method: text('GET, POST or another method in capitals', /^[A-Z]+$/)
    .prefault('GET')
    .describe('HTTP method'),
  path: templatePath.describe(
    'Path with query, as the load balancer takes it: /function/<service>/… As query, headers, body and json it may hold ' +
      'templates, filled in for each request: {{seq}}, {{uuid}}, {{random 1 6}}, {{client}}, {{worker}}, {{row COLUMN}}; {{open}} is {{ itself',
  ),
  query: z
    .record(z.string(), queryValue, { error: 'a mapping from names to texts, numbers, truth values and lists of them' })
    .prefault({})
    .describe('Query, appended to the path and escaped as it has to be; a list is sent as several fields of one name'),
  headers: namedText(
    'a mapping from field names to text',
    /^(?!(?:content-length|transfer-encoding)$)[\w!#$%&'*+.^`|~-]+$/i,
    'the name of a header field, but neither Content-Length nor Transfer-Encoding, which follow from the body',
    text('text in one line', /^[\t -~\u0080-\u00ff]*$/),
  )
    .prefault({})
    .describe('Header fields'),
  body: anyText.optional().describe('Body, sent as UTF-8'),
  json: z
    .json({ error: 'a value that JSON can hold' })
    .optional()
    .describe('Body given as a value, sent as JSON; instead of body'),
  body_file: text('the name of a file', /^[^\0]+$/)
    .optional()
    .describe('File with the body, relative to this file, sent byte for byte; up to 16 MiB; instead of body'),
  body_base64: text('bytes in Base64', /^[A-Za-z0-9+/=\s]*$/)
    .transform(found => found.replace(/\s/g, ''))
    .refine(found => found.length % 4 === 0 && /^[^=]*={0,2}$/.test(found), { error: 'bytes in Base64' })
    .optional()
    .describe('Body in Base64; instead of body'),
  rows: rows.optional().describe('Rows that {{row COLUMN}} takes its texts from, one for each request'),
  timeout: span(0.001).prefault('60s').describe('Time-out of the whole request'),
  connect_timeout: span(0.001)
    .optional()
    .describe('Time that a request may wait for a connection; without it, that of the whole'),
  first_byte_timeout: span(0.001)
    .optional()
    .describe("Time from a request's first byte to that of its answer; without it, that of the whole"),
  connections: oneOf(['reuse', 'per-request'])
    .prefault('reuse')
    .describe('reuse: connections are kept for other requests; per-request: each has a new one, which ends with the answer'),
  scheme: oneOf(['http', 'https']).prefault('http').describe('How the target is spoken to'),
  tls: tls.optional().describe('How TLS is done, with https or with redirects that may lead to it'),
  http2: yesOrNo.prefault(false).describe('HTTP/2, which the server has to agree to; with https'),
  redirects: whole(0, 100).prefault(0).describe('So many redirects are followed; one more is the error `redirects`'),
  cookies: yesOrNo.prefault(false).describe('Cookies are kept and sent back, for each client on its own'),
  proxy: text(
    'http://HOST:PORT or http://USER:PASSWORD@HOST:PORT',
    /^http:\/\/(?:[^@/?#\s]*@)?(?:[\w.-]+|\[[0-9a-fA-F:.]+\]):\d{1,5}\/?$/,
  )
    .optional()
    .describe(`Proxy that requests go through; a password belongs into \${env:NAME}`),
}).superRefine((found, context) => {
  const refuse = (field: string, message: string) =>
    context.addIssue({ code: 'custom', path: [field], message, params: sentence });
  if (found.http2 && found.scheme === 'http') refuse('http2', 'found true with http; allowed: with scheme: https');
  if (found.tls !== undefined && found.scheme === 'http' && found.redirects === 0) {
    refuse('tls', 'found it with http; allowed: with scheme: https, or with redirects, which may lead to it');
  }
  if (found.http2 && found.connections === 'per-request') {
    refuse('connections', 'found per-request with http2; allowed: reuse, as HTTP/2 has one connection for all');
  }
  const [first, second] = bodies.filter(name => found[name] !== undefined);
  if (second !== undefined) refuse(second, `found ${second} beside ${first}; allowed: one of them`);
});

/** A request over HTTP as it stands in the file. */
export type HttpRequestInFile = z.output<typeof httpRequest>;

const app = mapping({
  name: text(
    'up to 100 letters, digits, dots, dashes and underscores, no dot first',
    /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$/,
  ).describe('Name of the app, as load clients have it in galileo_apps_dir or find it in galileo_apps_repository'),
  parameters: z
    .record(z.string(), z.json({ error: 'a value that JSON can hold' }), { error: 'a mapping' })
    .prefault({})
    .describe('What the app is told, as it likes it'),
});

/** What clients send; `protocol` tells the forms from each other. */
const request = z.discriminatedUnion('protocol', [httpRequest, grpcRequest], {
  error: issue => (issue.code === 'invalid_union' ? 'http, grpc' : 'a mapping with a path, or with protocol: grpc and a method'),
});

const requestCount = whole(1, Number.MAX_SAFE_INTEGER).describe('End after this many requests per client');
const requests = requestCount.optional();
/** What every arrival process may have beside it. */
const limits = {
  requests,
  max_in_flight: whole(1, 1_000_000)
    .optional()
    .describe('So many requests of a client on the way at a time; no limit but that of the load client unless given'),
  when_full: oneOf(['queue', 'drop'])
    .optional()
    .describe('What becomes of requests beyond `max_in_flight`: they wait (queue, unless given), or fail unsent as dropped'),
};
const names = distributions.map(entry => entry.name) as [DistributionName, ...DistributionName[]];

/** Adds the sentence why an arrival process can't be scheduled. Ends of schedules are the file's `duration`. */
function checkArrival(arrival: Arrival, field: string, context: z.core.$RefinementCtx<unknown>): void {
  const problem = arrivalProblem(arrival, 1);
  if (problem !== undefined) context.addIssue({ code: 'custom', path: [field], message: problem, params: sentence });
}

/** What of a file an arrival process is made from, beside its own numbers. */
export interface ArrivalExtras {
  /** Its numbers are in a file that is not read yet: its `gaps` or `rates` are empty. */
  file?: string;
  limit?: FlightLimit;
}

type OpenArrival = Arrival & ArrivalExtras;

type Limits = { [Key in keyof typeof limits]?: z.output<(typeof limits)[Key]> };

/** The limits of a mapping as an arrival process has them. */
function limited(found: Limits, context: z.core.$RefinementCtx<unknown>): { requests?: number; limit?: FlightLimit } {
  const { requests: most, max_in_flight: maxInFlight, when_full: whenFull } = found;
  if (whenFull !== undefined && maxInFlight === undefined) {
    const message = `found ${whenFull} without max_in_flight; allowed: both, or neither`;
    context.addIssue({ code: 'custom', path: ['when_full'], message, params: sentence });
  }
  return {
    ...(most !== undefined && { requests: most }),
    ...(maxInFlight !== undefined && { limit: { maxInFlight, whenFull: whenFull ?? 'queue' } }),
  };
}

const distributionArrival = mapping({
  distribution: oneOf(names).describe("Distribution of the times between two requests of a client, named as in Python's random"),
  parameters: list(z.number({ error: 'a number' }), 'numbers')
    .prefault([])
    .describe(
      `Its parameters in Python's order: ${distributions.map(entry => `${entry.name}(${entry.parameters.join(', ')})`).join('; ')}`,
    ),
  ...limits,
}).transform((found, context): OpenArrival => {
  const { distribution, parameters } = found;
  const arrival: OpenArrival = { kind: 'distribution', name: distribution, parameters, ...limited(found, context) };
  checkArrival(arrival, 'parameters', context);
  return arrival;
});

const ticksArrival = mapping({
  ticks: list(
    number(0, 1_000_000, 'a number of requests per second from 0 to 1000000'),
    'rates, requests per second',
    1,
  ).describe('Requests per second of each step, per client; evenly spaced within a step'),
  interval: span(1e-6).describe('Length of a step'),
  ...limits,
}).transform((found, context): OpenArrival => {
  const { ticks: rates, interval } = found;
  const arrival: OpenArrival = { kind: 'ticks', rates, interval, ...limited(found, context) };
  if (found.ticks.every(rate => rate === 0)) {
    const message = 'found no rate above 0; allowed: at least one, or no request is sent';
    context.addIssue({ code: 'custom', path: ['ticks'], message, params: sentence });
  } else checkArrival(arrival, 'ticks', context);
  return arrival;
});

const constantArrival = mapping({
  constant: span(0).describe('Time between two requests of a client; 0 needs `requests`'),
  ...limits,
}).transform((found, context): OpenArrival => {
  const parameters = [found.constant];
  const arrival: OpenArrival = { kind: 'distribution', name: 'constant', parameters, ...limited(found, context) };
  if (found.constant === 0 && found.requests === undefined) {
    const message = 'found 0 without `requests`, which would never end; allowed: a time above 0, or a number of requests';
    context.addIssue({ code: 'custom', path: ['constant'], message, params: sentence });
  } else checkArrival(arrival, 'constant', context);
  return arrival;
});

const recordedFile = text('the name of a file that ends in .pkl, .csv, .json or .ndjson', /^[^\0]*\.(?:pkl|csv|json|ndjson)$/i);
const fileForm = 'a list of floats pickled by Python, CSV with one column, a JSON list, or one number per line (.ndjson)';

const recordedArrival = mapping({
  recorded: recordedFile.describe(
    `File of the times between two requests, seconds, relative to this file: ${fileForm}. Each client plays it once from its ` +
      'begin and ends with it, unless `duration` or `requests` ends it before; times that are not above 0 mean at once',
  ),
  ...limits,
}).transform((found, context): OpenArrival => ({ kind: 'recorded', gaps: [], file: found.recorded, ...limited(found, context) }));

function profileField({ unit, doc, least = 0, fallback }: ProfileParameter) {
  const rate = number(0, 1_000_000, 'a number of requests per second from 0 to 1000000');
  const field = unit === 'span' ? span(least) : unit === 'seed' ? whole(0, Number.MAX_SAFE_INTEGER) : rate;
  const optional = fallback === undefined ? field : fallback === 'derived' ? field.optional() : field.prefault(fallback);
  return optional.describe(`${doc[0]!.toUpperCase()}${doc.slice(1)}${unit === 'rate' ? ', requests per second per client' : ''}`);
}

const rateList = list(
  number(0, 1_000_000, 'a number of requests per second from 0 to 1000000'),
  'rates, requests per second',
  1,
).describe('Requests per second of each interval, per client');

/** A list in the file itself, or, for what was recorded, a file of its own. */
function ratesField({ name, takesRates }: Profile<ProfileName>) {
  if (!takesRates) return {};
  if (name !== 'recorded') return { rates: rateList };
  return {
    rates: recordedFile.describe(`File of the rates, requests per second per client, relative to this file: ${fileForm}`),
  };
}

const profileForms = profiles.map(profile =>
  mapping({
    profile: z.literal(profile.name).describe(`Profile of the rate: ${profile.doc}`),
    ...Object.fromEntries(profile.parameters.map(parameter => [parameter.name, profileField(parameter)])),
    ...ratesField(profile),
    process: oneOf(processNames)
      .prefault('poisson')
      .describe('How requests are drawn: as a Poisson process of this rate, or evenly spaced'),
    ...limits,
  }),
);

type ProfileForm = z.ZodObject<{ profile: z.ZodLiteral<ProfileName>; process: z.ZodType } & typeof limits, z.core.$strict>;

const profileArrival = z
  .discriminatedUnion('profile', profileForms as unknown as [ProfileForm, ...ProfileForm[]], {
    error: profiles.map(profile => profile.name).join(', '),
  })
  .transform((found, context): OpenArrival => {
    const {
      profile,
      process,
      requests: _most,
      max_in_flight: _maxInFlight,
      when_full: _whenFull,
      rates,
      ...parameters
    } = found as {
      profile: ProfileName;
      process: (typeof processNames)[number];
      rates?: string | number[];
    } & Limits &
      Record<string, unknown>;
    const given = Object.entries(parameters as Record<string, number | undefined>).flatMap(([key, value]) =>
      value === undefined ? [] : [[key, value] as const],
    );
    const own = { kind: 'profile', name: profile, parameters: Object.fromEntries(given), process } as const;
    const common = { ...own, ...limited(found, context) };
    if (typeof rates === 'string') return { ...common, rates: [], file: rates };
    const arrival: OpenArrival = { ...common, rates: rates ?? [] };
    const problem = arrivalProblem(arrival, 1);
    if (problem === undefined) return arrival;
    // `sine: min_rps: found …` stands at the field that it names.
    const [, field, rest] = /^\w+: (\w+): (.*)$/.exec(problem) ?? [];
    const path = [field ?? 'profile'];
    context.addIssue({ code: 'custom', path, message: rest ?? problem.replace(/^\w+: /, ''), params: sentence });
    return arrival;
  });

const loopArrival = mapping({
  concurrency: whole(1, 100_000).describe(
    'Closed loop: so many requests of a client on the way at a time, each sent as soon as another has ended. They have no intended time',
  ),
  requests,
}).transform(
  ({ concurrency, requests: most }): ClosedLoop => ({ kind: 'loop', concurrency, ...(most !== undefined && { requests: most }) }),
);

/** Alone, a number of requests is what one user does: the next one when the last is answered. */
const requestsArrival = mapping({
  requests: requestCount.describe(
    'Closed loop: so many requests of a client, one at a time, each sent as soon as the last has ended',
  ),
}).transform((found): ClosedLoop => ({ kind: 'loop', concurrency: 1, requests: found.requests }));

/**
 * The forms of an arrival process in the order of the union, each with the key that tells it from the others; `requests` does
 * so only where there is none of the others.
 */
export const arrivalForms = [
  { key: 'distribution', keys: Object.keys(distributionArrival.in.shape) },
  { key: 'ticks', keys: Object.keys(ticksArrival.in.shape) },
  { key: 'constant', keys: Object.keys(constantArrival.in.shape) },
  { key: 'profile', keys: profileForms.flatMap(form => Object.keys(form.shape)) },
  { key: 'recorded', keys: Object.keys(recordedArrival.in.shape) },
  { key: 'concurrency', keys: Object.keys(loopArrival.in.shape) },
  { key: 'requests', keys: Object.keys(requestsArrival.in.shape) },
] as const;

const forms = [
  distributionArrival,
  ticksArrival,
  constantArrival,
  profileArrival,
  recordedArrival,
  loopArrival,
  requestsArrival,
] as const;

/** `exactly one of distribution, … concurrency, or requests alone` */
export const allowedForms = `exactly one of ${arrivalForms.map(({ key }) => (key === 'requests' ? `or ${key} alone` : key)).join(', ')}`;

const arrival = z.union(forms, { error: `a mapping with ${allowedForms}` });

const workload = mapping({
  service: serviceReference.describe('Service that is called'),
  zone: name.prefault('main').describe('Zone whose load balancer is called'),
  clients: whole(1, 100_000).prefault(1).describe('Number of clients; each has the arrival process on its own'),
  worker_labels: namedText(
    'a mapping from labels to text',
    /^[\w./-]{1,100}$/,
    'a label of letters, digits, dots, dashes, slashes and underscores',
  )
    .prefault({})
    .describe('Labels that a worker needs to host these clients'),
  request: request.optional().describe('What each client sends'),
  app: app.optional().describe('Program that makes what each client sends; instead of request'),
  arrival: arrival.describe('When each client sends it'),
});

// The file

export const experimentSchema = mapping({
  name: text('text in one line of at most 100 characters', /^\S(?:.{0,98}\S)?$/).describe('Name of the experiment'),
  seed: whole(0, Number.MAX_SAFE_INTEGER)
    .optional()
    .describe(
      'Seed of all random numbers: the same one gives the same arrival times on every machine. Drawn for each run if absent',
    ),
  duration: span(0.001).describe('How long load is generated'),
  warmup: span(0).prefault(0).describe('First part of the duration, which is recorded and left out of the statistics'),
  services: list(service, 'services', 1).describe('The applications under test'),
  workloads: list(workload, 'workloads', 1).describe('The load'),
  pacing: oneOf(['precise', 'balanced', 'eco'])
    .optional()
    .describe(
      'How the load clients await requests: exact at the cost of a core, in short naps, or with timers that are late by a millisecond. ' +
        'Those that are started for the experiment are told, of others only those with this pacing (galileo_client_pacing) are used',
    ),
  telemetry: mapping({
    nodes: list(name, 'names of nodes').prefault([]).describe('Nodes whose telemetry is recorded; none named means all'),
    period: span(0.01).prefault('500ms').describe('Time between two readings of an instrument'),
  })
    .prefault({})
    .describe('What is measured on the nodes'),
  thresholds: list(text('a condition such as "latency.p99 < 200ms"', /\S/), 'conditions such as "latency.p99 < 200ms"')
    .prefault([])
    .describe(
      'Conditions that the figures have to meet, metric[(service)][.statistic] operator limit: latency.p99 < 200ms, ' +
        'service_time(pi).mean < 0.1, errors < 1%, requests >= 100, rate > 40, cpu(pi) < 80%, memory(pi) < 200MB',
    ),
});

/** A file that fits the schema, defaults filled in, spans in seconds. */
export type ExperimentFile = z.output<typeof experimentSchema>;
