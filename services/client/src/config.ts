import { busVariables } from '@galileo/bus';
import { spoolVariables } from '@galileo/reconcile';
import { address, type ConfigOf, commonVariables, duration, integer, oneOf, optionalText, text, url } from '@galileo/service';
import { routerTypes } from './router.ts';

export { labelsOf } from './labels.ts';

/** Variables of the load client. */
export const variables = {
  ...commonVariables(50051),
  worker: optionalText('galileo_worker_name', { doc: 'name of this worker; the host name if unset' }),
  ...busVariables,
  ...spoolVariables,
  recorder: address('galileo_recorder', { fallback: '127.0.0.1:50054', doc: 'HOST:PORT of the recorder that gets the traces' }),
  traceContent: oneOf('galileo_trace_content', ['all', 'headers', 'none'], {
    fallback: 'headers',
    doc: 'what of an answer is kept in its trace: headers and body, its headers, or neither; its size always is',
  }),
  traceBodyBytes: integer('galileo_trace_body_bytes', {
    fallback: '65536',
    min: 1,
    max: 16 * 1024 * 1024,
    doc: 'most bytes of a body that are kept; a trace whose body was cut has more in Galileo-Bytes than in its body',
  }),
  traceLogging: {
    ...oneOf('galileo_trace_logging', ['redis', 'file', 'none'], {
      fallback: 'redis',
      doc: 'where traces go: over galileo_bus to the recorder, into a CSV file of the original form, or nowhere',
    }),
    allowed: "redis, file, none (not the original's sql: the recorder alone writes into the database)",
  },
  traceDirectory: text('galileo_trace_dir', {
    fallback: '/tmp/mc2/exp',
    doc: 'directory of the file traces-<worker>.csv; with several threads, of traces-<worker>.<n>.csv',
  }),
  pacing: oneOf('galileo_client_pacing', ['precise', 'balanced', 'eco'], {
    fallback: 'balanced',
    doc: 'how requests are awaited: exact at the cost of a core, in short naps, or with timers that are late by a millisecond',
  }),
  threads: integer('galileo_client_threads', {
    fallback: '1',
    min: 1,
    max: 64,
    doc: 'threads that generate load, with the clients spread evenly over them; one does it in the main thread and takes least memory',
  }),
  connections: integer('galileo_client_connections', {
    fallback: '4096',
    min: 1,
    max: 65_535,
    doc: 'most connections to one host, of each thread; beyond it requests wait, which counts as queueing',
  }),
  maxInFlight: integer('galileo_client_max_in_flight', {
    fallback: '100000',
    min: 1,
    max: 10_000_000,
    doc: 'most requests without an answer, shared out among the threads; beyond it requests fail as overload',
  }),
  routerType: oneOf('galileo_router_type', routerTypes, {
    fallback: 'CachingSymmetryHostRouter',
    doc: 'where requests go: to the hosts of the routing table (HostRouter), there below /SERVICE (ServiceRouter), all to one host (StaticRouter), or nowhere, answered with 200 (DebugRouter); the forms with Caching are the same',
  }),
  staticHost: text('galileo_router_static_host', {
    fallback: 'http://localhost',
    doc: 'for StaticRouter: http://HOST[:PORT], and what is to precede each path',
  }),
  appsDirectory: text('galileo_apps_dir', {
    fallback: './apps',
    doc: 'directory of client apps, each a folder or a zip by its name; others are downloaded into it',
  }),
  appsRepository: url('galileo_apps_repository', {
    fallback: 'http://localhost:5001',
    doc: 'where client apps are downloaded from: /api/apps/NAME and /api/apps/NAME/download below it',
  }),
  appTimeout: duration('galileo_app_timeout', {
    fallback: '5s',
    min: 0.1,
    doc: 'how long a client app may take to load, and to make a request, until its client is given up',
  }),
  appMemory: integer('galileo_app_memory', {
    fallback: '128',
    min: 16,
    max: 65_536,
    doc: 'MB of memory for the objects of a client app, in the thread of clients that were created together',
  }),
};

/** The variables' values, and the worker's labels, which are taken from the environment as it is. */
export type ClientConfig = ConfigOf<typeof variables> & { readonly labels: Readonly<Record<string, string>> };
