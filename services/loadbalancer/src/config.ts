import { type RedisSettings, redisSettings, redisVariables } from '@galileo/bus';
import { type EtcdSettings, etcdSettings, etcdVariables } from '@galileo/routing';
import {
  ConfigError,
  type ConfigOf,
  commonVariables,
  duration,
  integer,
  list,
  oneOf,
  optional,
  optionalAddress,
  optionalText,
  text,
} from '@galileo/service';

/** Environment of the load balancer. `eb_go_lb_*` are the variables of the Go original. */
export const variables = {
  ...commonVariables(50053),
  etcdHosts: list('eb_go_lb_etcd_host', {
    fallback: '',
    doc: 'HOST:PORT of etcd, one or several; a bare HOST means port 2379. The weights are those of the zone there; if unset they are set over gRPC',
  }),
  ...etcdVariables,
  ...redisVariables,
  redisHost: {
    ...optional(redisVariables.redisHost),
    doc: 'host of the Redis in which the load balancer is announced; if unset it is announced nowhere',
  },
  recorder: optionalAddress('galileo_recorder', {
    doc: 'HOST:PORT of the recorder, which is told how the clock here relates to its own; if unset nobody is told',
  }),
  zone: text('eb_go_lb_zone', {
    fallback: 'main',
    doc: 'zone whose weights are taken from etcd, and that is named in answers of the load balancer itself',
  }),
  handler: oneOf('eb_go_lb_handler_type', ['wrr', 'dummy'], {
    fallback: 'wrr',
    doc: 'wrr: weighted round robin over the replicas; dummy: answers every request itself',
  }),
  nodeName: optionalText('eb_go_lb_node_name', {
    doc: 'name of the node in X-Forwarded-For and X-Forwarded-Host-<node>; the host name if unset',
  }),
  listenHost: text('galileo_lb_listen_host', { fallback: '0.0.0.0', doc: 'host or address that HTTP is listened on' }),
  listenPort: integer('eb_go_lb_listen_port', {
    fallback: '8080',
    min: 0,
    max: 65535,
    doc: 'port that HTTP is listened on; 0 takes a free one',
  }),
  mode: optionalText('eb_go_lb_mode', { doc: 'of the Go original; taken, but not used yet' }),
  gateways: optionalText('eb_go_lb_gateways', {
    doc: 'hosts that are gateways of other zones, of the Go original; taken, but not used yet',
  }),
  connectTimeout: duration('galileo_lb_connect_timeout', {
    fallback: '5s',
    min: 0.001,
    doc: 'how long to wait for a connection to a replica',
  }),
  responseTimeout: duration('galileo_lb_response_timeout', {
    fallback: '300s',
    doc: "how long to wait for a replica's response header, and between two pieces of its body; 0 for ever",
  }),
  replicaIdleTimeout: duration('galileo_lb_replica_idle_timeout', {
    fallback: '4s',
    min: 0.001,
    doc: 'how long an unused connection to a replica is kept, at most (a Keep-Alive header of the replica shortens it)',
  }),
  clientIdleTimeout: duration('galileo_lb_client_idle_timeout', {
    fallback: '0s',
    doc: 'how long an unused connection of a client is kept, and how long the head of a request may take; 0 for ever',
  }),
  maxHeaderBytes: integer('galileo_lb_max_header_bytes', {
    fallback: '65536',
    min: 1024,
    max: 16_777_216,
    doc: 'largest head of a request or of a response, bytes',
  }),
  replicaConnections: integer('galileo_lb_replica_connections', {
    fallback: '0',
    min: 0,
    max: 65535,
    doc: 'most connections to one replica, further requests wait for one; 0 for no limit',
  }),
};

export type Config = ConfigOf<typeof variables>;

const endpoint = /^(?:\[[0-9a-fA-F:.]+\]|[^\s:/[\]@]+)(?::(\d{1,5}))?$/;

/** The endpoints of etcd as HOST:PORT. @throws ConfigError */
function endpointsOf({ etcdHosts }: Config): string[] {
  return etcdHosts.map(host => {
    const match = endpoint.exec(host);
    const port = Number(match?.[1] ?? 2379);
    if (match !== null && port >= 1 && port <= 65535) return match[1] === undefined ? `${host}:2379` : host;
    throw new ConfigError([
      `${variables.etcdHosts.env}: ${JSON.stringify(host.replace(/^.*@/, '…@'))} is not allowed; allowed: HOST or HOST:PORT, several separated by commas`,
    ]);
  });
}

/** Where etcd is; `undefined` if the weights are set over gRPC. @throws ConfigError */
export function etcdOf(config: Config): EtcdSettings | undefined {
  const endpoints = endpointsOf(config);
  if (endpoints.length === 0) return undefined;
  if (config.zone.includes('/')) {
    throw new ConfigError([
      `${variables.zone.env}: ${JSON.stringify(config.zone)} is not allowed; allowed: text without a slash`,
    ]);
  }
  return etcdSettings(config, endpoints);
}

/** Where the Redis is that the load balancer is announced in, if it is. @throws ConfigError */
export function redisOf(config: Config): RedisSettings | undefined {
  const { redisHost } = config;
  return redisHost === undefined ? undefined : redisSettings({ ...config, redisHost });
}
